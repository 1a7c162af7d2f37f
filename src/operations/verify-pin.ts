import { forManyListeners } from '../abort.ts';
import {
  compareLock,
  describeFinding,
  type LockComparison,
  verifyLockComparison,
} from '../channels/index.ts';
import { CodexRuntimeError, joinHints } from '../errors.ts';
import { describeIgnored, type IgnoredLockfile, repositoryMeant } from '../lockfile/index.ts';
import { parseVersion } from '../pin/index.ts';
import {
  openLockfile,
  type RuntimeOptions,
  settingsFor,
  settingsOf,
  sourcesFor,
} from '../request/index.ts';
import { compareProof, signaturesNotSeen, type UnseenProof } from './compare-proof.ts';

/** A lockfile that is complete and correct, as far as the channels that answered can say. */
export interface VerifiedPin {
  /** Semver. */
  readonly version: string;
  /** Absolute path of the lockfile. */
  readonly path: string;
  /** `owner/name` whose releases it locks. */
  readonly repo: string;
  /** Targets that are not locked because no channel has a build for them. */
  readonly absent: LockComparison['absent'];
  /** Channels that could not be compared with, and why. */
  readonly silent: LockComparison['silent'];
  /** Release signatures that were not looked at: the store has no archive of theirs that was verified. */
  readonly unseen: readonly UnseenProof[];
}

/**
 * Compares the nearest lockfile with what the channels say now; downloads and writes nothing.
 * @throws CodexRuntimeError `PIN_MISSING` without a lockfile; `LOCK_INVALID` when it was edited;
 * `LOCK_INCOMPLETE` when it is for another version or repository than the options name, or lacks what a channel
 * has; `DIGEST_MISMATCH` when a channel has other bytes; `SIGNATURE_MISSING` when it names a level of
 * proof that cannot be shown now (all with `fields.findings` and, as sentences, `fields.reasons`); `RELEASE_NOT_FOUND`, `SOURCES_EXHAUSTED`
 */
export async function verifyPin(options: RuntimeOptions = {}): Promise<VerifiedPin> {
  const asked = settingsOf(options);
  const { lock, path, ignored } = openLockfile(options, asked);
  if (lock === null || path === null) throw noLockfile(asked.cwd, ignored, options.version);
  verifyPinnedVersion(path, lock.version, options.version);
  // A lock says of which repository it is; another one's releases say nothing about it.
  const named = options.repo === undefined ? null : asked.github.repo;
  const exact = parseVersion(lock.version);
  const repo = repositoryMeant({ named, lock, installed: null, exact });
  const settings = settingsFor(asked, repo);
  const sources = sourcesFor(options.source ?? lock.source, repo);
  const signal = forManyListeners(options.signal);
  const request = { lock, settings, sources, signal };
  const compared = await compareLock({ ...request, onProgress: options.onProgress });
  const findings = [...compared.findings, ...(await compareProof(request))];
  const check = { ...compared, findings };
  try {
    verifyLockComparison(lock, check);
  } catch (error) {
    if (!(error instanceof CodexRuntimeError)) throw error;
    throw withReasons(error, check);
  }
  const { absent, silent } = check;
  const unseen = await signaturesNotSeen(lock, settings.home);
  return { version: lock.version, path, repo, absent, silent, unseen };
}

function withReasons(error: CodexRuntimeError, { findings, silent }: LockComparison) {
  // A channel that was silent may have what is missing.
  const unheard = silent.map(({ channel, reason }) => `not compared with ${channel}: ${reason}`);
  return error.with({
    fields: { reasons: [...findings.map(describeFinding), ...unheard], silent },
  });
}

function verifyPinnedVersion(path: string, locked: string, wanted: string | undefined): void {
  if (wanted === undefined || parseVersion(wanted).semver === locked) return;
  const { semver } = parseVersion(wanted);
  throw new CodexRuntimeError(
    'LOCK_INCOMPLETE',
    `${path} locks Codex ${locked}, and not ${semver}.`,
    {
      hint: `Run "codex-runtime pin ${semver}" and commit the result.`,
      fields: { path, expected: semver, actual: locked },
    },
  );
}

function noLockfile(
  cwd: string,
  ignored: readonly IgnoredLockfile[],
  wanted = '0.115.0',
): CodexRuntimeError {
  const { semver } = parseVersion(wanted);
  return new CodexRuntimeError('PIN_MISSING', `There is no lockfile in ${cwd} or above it.`, {
    hint: joinHints([
      ...ignored.map(describeIgnored),
      `Write one with "codex-runtime pin ${semver}".`,
    ]),
    fields: { cwd, ignored },
  });
}
