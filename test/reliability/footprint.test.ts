import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { realExecutable, realHome } from '../support/real-codex.ts';
import { cliEnvironment } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';
import { COMMAND } from '../torture/site.ts';
import { whyNoTrace } from '../torture/traced-command.ts';

const noTrace = whyNoTrace();
const CALLS =
  'open,openat,creat,mkdir,mkdirat,symlink,symlinkat,link,linkat,rename,renameat,renameat2,unlink,unlinkat,rmdir,chmod,fchmodat,chown,lchown,fchownat,utimensat,mknod,mknodat,truncate';

interface Surroundings {
  readonly dir: string;
  readonly home: string;
  readonly tmp: string;
}

/** The account's home is a canary, as are the temporary files and the working directory. */
async function surroundings(home?: string): Promise<Surroundings> {
  const dir = await tempDir();
  const tmp = join(dir, 'tmp');
  for (const name of ['account', 'tmp', 'cwd']) await mkdir(join(dir, name));
  return { dir, home: home ?? join(dir, 'home'), tmp };
}

/** Every path that the command or a program that it started changed. */
async function written(
  { dir, home, tmp }: Surroundings,
  words: readonly string[],
): Promise<readonly string[]> {
  const trace = join(dir, 'trace');
  const args = ['-f', '-y', '-qq', '-s', '4096', '-e', `trace=${CALLS}`, '-o', trace];
  const account = join(dir, 'account');
  const child = spawn('strace', [...args, process.execPath, COMMAND, ...words], {
    cwd: join(dir, 'cwd'),
    env: {
      ...cliEnvironment(account),
      CODEX_RUNTIME_HOME: home,
      TMPDIR: tmp,
      // npm's own cache and its logs are not used; where its configuration lies is read alone.
      ...given(process.env, 'npm_config_registry'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stderr] = await Promise.all([text(child.stderr), text(child.stdout), once(child, 'exit')]);
  expect({ status: child.exitCode, stderr }).toMatchObject({ status: 0 });
  const lines = (await readFile(trace, 'utf8')).split('\n');
  return [...new Set(lines.filter(isChange).flatMap(pathsOf))];
}

function given(env: NodeJS.ProcessEnv, name: string): Record<string, string> {
  const value = env[name];
  return value === undefined ? {} : { [name]: value };
}

function isChange(line: string): boolean {
  if (!/ = \d/.test(line)) return false;
  return !/\bopen(at)?\(/.test(line) || /O_(CREAT|WRONLY|RDWR|TRUNC)/.test(line);
}

/** Absolute: `-y` shows which directory a path is relative to. */
function pathsOf(line: string): readonly string[] {
  const call = line.replace(/ = \d.*$/, '');
  const found = [...call.matchAll(/(?:<([^>"]*)>, )?"((?:[^"\\]|\\.)*)"/g)].map(
    ([, base, path = '']) => (isAbsolute(path) || base === undefined ? path : resolve(base, path)),
  );
  // What a link says is only text.
  return /\bsymlink(at)?\(/.test(call) ? found.slice(-1) : found;
}

/** Without the places that we and the user chose. */
function elsewhere({ dir, home }: Surroundings, paths: readonly string[]): readonly string[] {
  const allowed = [home, join(dir, 'prefix'), '/dev', '/proc'];
  return paths.filter(
    (path) => !allowed.some((place) => path === place || path.startsWith(`${place}/`)),
  );
}

describe.skipIf(noTrace !== null)(`what a command writes (${noTrace ?? 'by strace'})`, () => {
  it('is in the home and the prefix alone, Codex started or not', async () => {
    const around = await surroundings();
    const prefix = join(around.dir, 'prefix');
    const install = ['install', '0.101.0', '--source', 'npm', '--prefix', prefix];
    const installed = await written(around, install);
    expect(installed.some((path) => path.startsWith(prefix))).toBe(true);
    expect(elsewhere(around, installed)).toEqual([]);
    const verified = await written(around, ['verify', '--handshake']);
    expect(elsewhere(around, verified)).toEqual([]);
    // Nothing of the handshake stays.
    expect(await readdir(join(around.home, 'staging'))).toEqual([]);
    expect(await readdir(join(around.dir, 'account'))).toEqual([]);
  });

  it('is in the home alone when a newer Codex introduces itself', async () => {
    await realExecutable('0.169.0');
    const around = await surroundings(realHome());
    const paths = await written(around, ['verify', '0.169.0', '--handshake']);
    expect(elsewhere(around, paths)).toEqual([]);
    const left = await readdir(join(around.home, 'staging')).catch(() => []);
    expect(left.filter((name) => name.includes('handshake'))).toEqual([]);
  });
});
