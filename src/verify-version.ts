import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { throwIfAborted } from './abort.ts';
import { longPathHint, missingLibraryHint } from './child/missing-library.ts';
import { CodexRuntimeError } from './errors.ts';
import type { Version } from './pin/index.ts';

const TIMEOUT_MS = 30_000;

/**
 * Runs `<executable> --version` and compares what it says.
 * @param executable absolute path of a verified executable for this host
 * @throws CodexRuntimeError `VERSION_MISMATCH` when it is another version, `INSTALL_FAILED` when it
 * does not run
 */
export async function verifyVersion(
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

/** The version in `codex-cli 0.115.0`, or null where the output has another form. */
export async function printedVersion(
  executable: string,
  signal?: AbortSignal,
): Promise<string | null> {
  throwIfAborted(signal);
  // Not by execFile's own `signal`, which sends SIGTERM: a program that hangs may ignore that.
  let stop = (): void => undefined;
  const abort = () => stop();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const running = promisify(execFile)(executable, ['--version'], {
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      env: homelessEnvironment(executable),
      windowsHide: true,
    });
    stop = () => {
      running.child.stdout?.destroy();
      running.child.kill('SIGKILL');
    };
    const { stdout } = await running;
    throwIfAborted(signal);
    return /^codex(?:-cli)? (\S+)\s*$/.exec(stdout)?.[1] ?? null;
  } catch (error) {
    throwIfAborted(signal);
    throw new CodexRuntimeError('INSTALL_FAILED', `${executable} does not run on this machine.`, {
      hint:
        missingLibraryHint(error instanceof Error && 'code' in error ? error.code : undefined) ??
        longPathHint(executable) ??
        'Is its directory mounted noexec, or the machine of another kind? Set CODEX_RUNTIME_HOME to a place where programs may run.',
      cause: error,
      fields: { executable },
    });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
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
