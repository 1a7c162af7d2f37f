import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

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
  const child = spawn(process.execPath, [BIN, ...args], {
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
