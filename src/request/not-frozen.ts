import { CodexRuntimeError, joinHints } from '../errors.ts';
import { describeIgnored, type LoadedLock, pinCommand } from '../lockfile/index.ts';
import type { Version } from '../pin/index.ts';
import type { Pin } from './precedence.ts';

interface Unpinned {
  readonly pin: Pin;
  readonly lockfile: LoadedLock;
  readonly repo: string;
}

/** `--frozen`, and what is wanted is not what a lockfile pins. */
export function notFrozen(
  { pin: { origin }, lockfile: { lock, path, ignored }, repo }: Unpinned,
  { semver: version }: Version,
): CodexRuntimeError {
  const command = `"${pinCommand({ version, repo })}"`;
  if (lock === null || path === null) {
    return new CodexRuntimeError(
      'LOCK_INCOMPLETE',
      `--frozen takes only what a lockfile pins, and there is no lockfile for Codex ${version}.`,
      {
        hint: joinHints([
          ...ignored.map(describeIgnored),
          `Run ${command} and commit codex-runtime.lock.json.`,
        ]),
        fields: { version, ignored },
      },
    );
  }
  const source = origin === 'argument' ? 'the version argument' : origin;
  const undo = origin === 'argument' ? 'Leave out the version' : `Unset ${origin}`;
  return new CodexRuntimeError(
    'LOCK_INCOMPLETE',
    `--frozen takes only what the lockfile pins: ${path} pins Codex ${lock.version}, but ${source} asks for ${version}.`,
    {
      hint: `${undo} to install ${lock.version}; to move the lockfile to ${version}, run ${command}.`,
      fields: { version, locked: lock.version, origin, path },
    },
  );
}
