import { join } from 'node:path';
import { pause } from '../abort.ts';
import { errnoOf, isErrno } from '../disk/errno.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Version } from '../pin/index.ts';
import { longPathHint, missingLibraryHint, refusedHint } from './missing-library.ts';
import { runProgram } from './run-program.ts';

const TIMEOUT_MS = 30_000;

/**
 * Runs `<executable> --version` and compares what it says.
 * @param executable absolute path of a verified executable for this host
 * @throws CodexRuntimeError `VERSION_MISMATCH` when it is another version, `INSTALL_FAILED` when it
 * does not run
 */
export async function verifyPrintedVersion(
  executable: string,
  version: Version,
  signal?: AbortSignal,
): Promise<void> {
  const actual = await printedVersion(executable, signal);
  if (actual === version.semver) return;
  throw new CodexRuntimeError(
    'VERSION_MISMATCH',
    `The executable published as Codex ${version.semver} says that it is ${actual ?? 'something else'}.`,
    {
      hint: 'Do not use it; pin another version, or report it upstream.',
      fields: { expected: version.semver, actual },
    },
  );
}

/**
 * The version in `codex-cli 0.115.0`, or null where the output has another form.
 * @throws CodexRuntimeError `INSTALL_FAILED` when it does not run; `ABORTED`
 */
export async function printedVersion(
  executable: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const begun = performance.now();
  for (;;) {
    try {
      return await runVersion(executable, signal);
    } catch (error) {
      const passes = error instanceof CodexRuntimeError && isErrno(error.cause, ...PASSING);
      if (!passes || performance.now() - begun > PASSING_MS) throw error;
    }
    await pause(PAUSE_MS, signal);
  }
}

/**
 * Failures to start a program that pass by themselves: another thread has just forked while the file
 * was open for writing (ETXTBSY), or the machine has no process or file to spare.
 */
const PASSING = ['ETXTBSY', 'EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'];
const PASSING_MS = 3_000;
const PAUSE_MS = 100;

async function runVersion(
  executable: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const { status, stdout } = await runProgram({
    file: executable,
    args: ['--version'],
    env: homelessEnvironment(executable),
    signal,
    timeoutMs: TIMEOUT_MS,
    notStarted: (cause) => doesNotRun(executable, cause, null),
  });
  if (status !== 0) throw doesNotRun(executable, undefined, status);
  return /^codex(?:-cli)? (\S+)\s*$/.exec(stdout)?.[1] ?? null;
}

function doesNotRun(executable: string, cause: unknown, status: number | null): CodexRuntimeError {
  const errno = errnoOf(cause);
  const told = errno === undefined ? '' : ` (${errno})`;
  return new CodexRuntimeError('INSTALL_FAILED', `${executable} does not run here${told}.`, {
    hint: isErrno(cause, ...PASSING)
      ? 'The machine is short of processes, files or memory, or the file is still in use: run the command again.'
      : (missingLibraryHint(status ?? undefined) ?? longPathHint(executable) ?? refusedHint()),
    cause,
    fields: { executable, errno: errno ?? null },
  });
}

/**
 * Nothing of the user's, so that the answer does not depend on it and no secret is passed on. Every
 * start of Codex writes into its home, and without a name for one into the account's: a path below a
 * file, which nothing can make, keeps it from writing at all.
 */
function homelessEnvironment(executable: string): Record<string, string> {
  const nowhere = join(executable, 'no-home');
  return { CODEX_HOME: nowhere, HOME: nowhere, USERPROFILE: nowhere };
}
