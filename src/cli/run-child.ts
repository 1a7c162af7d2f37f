import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { missingLibraryHint } from '../child/missing-library.ts';
import { withSearchDir } from '../child/search-path.ts';
import { isErrno } from '../disk/errno.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import type { Environment } from '../request/index.ts';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export interface ChildRequest {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Put first on the child's PATH: the tools that come with the runtime. */
  readonly pathDir: string | null;
  readonly releaseSignals: () => void;
}

/**
 * Runs what `find` finds, and asks it once more where that has gone before it could start: while
 * `--force` replaces a runtime by other bytes of its version, nothing is there for some microseconds,
 * and the second question waits for the replacement.
 */
export async function runFound(find: () => Promise<ChildRequest>): Promise<number> {
  try {
    return await runChild(await find());
  } catch (error) {
    if (!isCodexRuntimeError(error, 'INSTALL_FAILED') || !isErrno(error.cause, 'ENOENT'))
      throw error;
  }
  return await runChild(await find());
}

/**
 * Runs a program in our place: it has our stdio and environment, gets our signals, and its end is
 * ours: its exit status is returned, and a signal that ended it ends this process too.
 */
async function runChild(request: ChildRequest): Promise<number> {
  const { env, pathDir } = request;
  request.releaseSignals();
  const child = spawn(request.executable, request.args, {
    stdio: 'inherit',
    env: pathDir === null ? { ...env } : withSearchDir(env, pathDir),
    windowsHide: false,
  });
  const forward = (signal: NodeJS.Signals) => {
    // The terminal sends its interrupt to the whole group: the child has it already.
    if (signal === 'SIGINT' && process.stdin.isTTY === true) return;
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  const end = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.once('error', (cause) => {
        const message = `${request.executable} could not be started.`;
        const hint = 'Run codex-runtime verify to see whether it is damaged.';
        reject(new CodexRuntimeError('INSTALL_FAILED', message, { hint, cause }));
      });
      child.once('exit', (code, signal) => resolve({ code, signal }));
    },
  ).finally(() => {
    for (const signal of FORWARDED) process.off(signal, forward);
  });
  const hint = missingLibraryHint(end.code);
  if (hint !== undefined) process.stderr.write(`${request.executable} did not start. ${hint}\n`);
  if (end.signal === null) return end.code ?? 1;
  process.kill(process.pid, end.signal);
  // Where a signal cannot end the process, the status says what a shell would say.
  return 128 + constants.signals[end.signal];
}
