import { spawn } from 'node:child_process';
import { chmod, copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from './temp-dir.ts';

export const BIN = fileURLToPath(new URL('../../bin/codex-runtime.js', import.meta.url));

export interface CliRun {
  /** 128 + the signal's number cannot be told from a status here: null for a signal. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSurroundings {
  /** Becomes HOME, the working directory and, in `<dir>/home`, the store. */
  readonly dir: string;
  /** Default: `dir`. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What stdin holds. Default: nothing. */
  readonly input?: string | Buffer;
  readonly timeoutMs?: number;
  /** Whose process it is; only root can choose. Default: ours. */
  readonly uid?: number;
}

/**
 * Runs the real `codex-runtime` as a child process, in surroundings of its own: no configuration
 * of the developer's, no gh, no token. It has to be built (`npm test` does).
 */
export async function runCli(args: readonly string[], around: CliSurroundings): Promise<CliRun> {
  const node = around.uid === undefined ? process.execPath : await nodeForAll();
  const child = spawn(node, [BIN, ...args], {
    cwd: around.cwd ?? around.dir,
    env: { ...cliEnvironment(around.dir), ...around.env },
    timeout: around.timeoutMs ?? 200_000,
    ...(around.uid === undefined ? {} : { uid: around.uid, gid: around.uid }),
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(around.input ?? '');
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, ...output };
}

/** The result of a run with `--json`, which has to be one document. */
export function document(run: CliRun): Record<string, unknown> {
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

/** What a child of the tests has for an environment. */
export function cliEnvironment(dir: string): Record<string, string> {
  return {
    HOME: dir,
    USERPROFILE: dir,
    CODEX_RUNTIME_HOME: `${dir}/home`,
    PATH: '/usr/bin:/bin',
    NO_COLOR: '1',
  };
}

/** This Node, where every account can start it: npx keeps what it fetched in root's own home. */
async function nodeForAll(): Promise<string> {
  const above = process.execPath.split('/').map((_, at, parts) => parts.slice(0, at).join('/'));
  const modes = await Promise.all(above.map(async (path) => (await stat(path || '/')).mode));
  if (modes.every((mode) => (mode & 0o001) !== 0)) return process.execPath;
  const dir = await tempDir();
  await chmod(dir, 0o755);
  await copyFile(process.execPath, join(dir, 'node'));
  return join(dir, 'node');
}
