import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  compile,
  fetchNodes,
  installMissing,
  makeWine,
  npm,
  ON_WINDOWS,
  stopPrograms,
  windowsPath,
  wineEnvironment,
} from './wine.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What the versions of the small release are, and what Codex's smallest real build is. */
export const SMALL = ['0.1.1', '0.1.2'] as const;
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** For the preload; see junctions.cjs. */
  readonly rig?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly node?: '20' | '22';
  /** As Linux has it. */
  readonly cwd?: string;
}

/** One Wine prefix with everything in it that the cases need; all below one temporary directory. */
export class Rig {
  readonly dir: string;
  #runs = 0;
  readonly #registry: string;

  private constructor(dir: string, registry: string) {
    this.dir = dir;
    this.#registry = registry;
  }

  /** Installs what is missing, builds the C files, and packs the command as it would be published. */
  static async make(): Promise<Rig> {
    installMissing();
    const registry = npm(['config', 'get', 'registry'], ROOT);
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'codex-runtime-wine-')), registry);
    await rig.#prepare();
    return rig;
  }

  async #prepare(): Promise<void> {
    fetchNodes(this.dir, ['20.20.2', '22.23.3']);
    await makeWine(this.dir);
    for (const version of SMALL) await this.#makeRelease(version);
    const app = join(this.dir, 'app');
    await mkdir(app);
    npm(['pack', '--silent', '--ignore-scripts', '--pack-destination', app], ROOT);
    await writeFile(join(app, 'package.json'), '{"private":true}');
    npm(
      ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs(app)],
      app,
    );
  }

  /** A release of a few kilobytes, as `--source dir:` reads it, for Windows and for Linux. */
  async #makeRelease(version: string): Promise<void> {
    const dir = join(this.dir, 'release', version);
    await mkdir(dir, { recursive: true });
    const [windows, linux] = [
      'codex-x86_64-pc-windows-msvc.exe',
      'codex-x86_64-unknown-linux-musl',
    ];
    compile([`-DVERSION="${version}"`, join(HERE, 'fake-codex.c'), '-o', join(dir, windows)]);
    await writeFile(join(dir, linux), `#!/bin/sh\necho codex-cli ${version}\n`);
    let sums = '';
    for (const name of [windows, linux]) {
      execFileSync('tar', ['czf', `${name}.tar.gz`, name], { cwd: dir });
      await rm(join(dir, name));
      const sum = createHash('sha256').update(await readFile(join(dir, `${name}.tar.gz`)));
      sums += `${sum.digest('hex')}  ${name}.tar.gz\n`;
    }
    await writeFile(join(dir, 'SHA256SUMS'), sums);
  }

  /** The small release, for `--source`. */
  get small(): string {
    return `dir:${windowsPath(join(this.dir, 'release'))}`;
  }

  /** A new directory below the rig, as Linux has it. */
  async place(name: string): Promise<string> {
    const path = join(this.dir, 'places', `${this.#runs++}`, name);
    await mkdir(path, { recursive: true });
    return path;
  }

  /** Runs `codex-runtime` on Windows. */
  async cli(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const script = join(this.dir, 'app/node_modules/codex-runtime/bin/codex-runtime.js');
    return await this.node([windowsPath(script), ...args], options);
  }

  async node(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const node = join(this.dir, `node${options.node ?? '20'}`, 'package/bin/node.exe');
    return await this.program(
      node,
      ['--require', windowsPath(join(this.dir, 'junctions.cjs')), ...args],
      options,
    );
  }

  /** Runs a program of Windows to its end. Wine gives node.exe no pipes: its output goes to files. */
  async program(file: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const { child, ended } = this.start(file, args, options);
    void child;
    return await ended;
  }

  start(file: string, args: readonly string[], { rig = {}, env = {}, cwd }: RunOptions = {}) {
    const names = ['out', 'err'].map((end) => join(this.dir, `${this.#runs++}.${end}`));
    const [out, err] = names.map((name) => openSync(name, 'w'));
    const [command = '', ...words] = ON_WINDOWS ? [file, ...args] : ['wine', file, ...args];
    const child = spawn(command, words, {
      env: { ...wineEnvironment(this.dir), npm_config_registry: this.#registry, ...rig, ...env },
      cwd: cwd ?? this.dir,
      stdio: ['ignore', out ?? 'ignore', err ?? 'ignore'],
      timeout: 240_000,
      killSignal: 'SIGKILL',
    });
    const ended = new Promise<Run>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', async (status) => {
        for (const file of [out, err]) if (file !== undefined) closeSync(file);
        const [stdout = '', stderr = ''] = await Promise.all(
          names.map((name) => readFile(name, 'utf8')),
        );
        resolve({ status, stdout: stdout.replaceAll('\r\n', '\n'), stderr });
      });
    });
    return { child, ended };
  }

  /** Ends every program of this Wine prefix, and removes the rig. */
  async close(): Promise<void> {
    stopPrograms(this.dir);
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function tarballs(dir: string): readonly string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => join(dir, name));
}
