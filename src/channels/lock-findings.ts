import type { Channel } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { ACCEPT_HINT } from '../fetch/index.ts';
import { type Lock, pinCommand } from '../lockfile/index.ts';
import type { Triple } from '../target/index.ts';
import type { SilentChannel } from './releases.ts';

/** One way in which a lockfile is not complete or not true. */
export type LockFinding =
  /** The lock has nothing for a target that a channel has, or may have: it did not answer. */
  | { readonly kind: 'missing'; readonly target: Triple }
  /** A channel has an asset that the lock does not know. */
  | {
      readonly kind: 'unlocked';
      readonly target: Triple;
      readonly asset: string;
      readonly channel: Channel;
    }
  /** A channel has other bytes than the lock. */
  | {
      readonly kind: 'changed';
      readonly target: Triple;
      readonly asset: string;
      readonly channel: Channel;
      readonly expected: string;
      readonly actual: string;
    }
  /** No channel that answered has the asset any more. */
  | { readonly kind: 'gone'; readonly target: Triple; readonly asset: string };

export interface LockComparison {
  readonly findings: readonly LockFinding[];
  /** Targets of which the lock has nothing, rightly: every channel answered, and none has a build. */
  readonly absent: readonly Triple[];
  /** Channels that could not be compared with. */
  readonly silent: readonly SilentChannel[];
}

/**
 * Throws unless a check found nothing.
 * @throws CodexRuntimeError `DIGEST_MISMATCH` when bytes have changed, else `LOCK_INCOMPLETE`; all
 * findings in `fields.findings`.
 */
export function verifyLockComparison(lock: Lock, { findings, silent }: LockComparison): void {
  const [first] = findings;
  if (first === undefined) return;
  const changed = findings.find(({ kind }) => kind === 'changed');
  const more = findings.length === 1 ? '' : ` (and ${findings.length - 1} more)`;
  const text = `The lockfile for Codex ${lock.version} ${describeFinding(changed ?? first)}${more}.`;
  throw changed === undefined
    ? new CodexRuntimeError('LOCK_INCOMPLETE', text, {
        hint: mendingHint(lock, findings, silent),
        fields: { version: lock.version, findings },
      })
    : new CodexRuntimeError('DIGEST_MISMATCH', text, {
        hint: ACCEPT_HINT,
        fields: { version: lock.version, findings },
      });
}

/** What changes the answer of the check: pinning adds what a channel has, and takes nothing away. */
function mendingHint(
  lock: Lock,
  findings: LockComparison['findings'],
  silent: LockComparison['silent'],
): string {
  const command = pinCommand(lock);
  const kinds = new Set(findings.map(({ kind }) => kind));
  if (kinds.has('unlocked')) return `Run "${command}" and commit the result.`;
  if (kinds.has('missing')) {
    const names = silent.filter(({ kind }) => kind === 'unavailable').map(({ channel }) => channel);
    return `Run "${command}" where ${names.join(', ')} can be reached, or name with --source the channels that are used here.`;
  }
  return `Find out why it was withdrawn; to lock what is left, remove the lockfile and run "${command}".`;
}

/** A finding as the end of a sentence about the lockfile. */
export function describeFinding(finding: LockFinding): string {
  switch (finding.kind) {
    case 'missing':
      return `has nothing for ${finding.target}`;
    case 'unlocked':
      return `lacks ${finding.asset}, which ${finding.channel} has`;
    case 'changed':
      return `pins ${finding.asset} as ${finding.expected}, but ${finding.channel} has ${finding.actual}`;
    case 'gone':
      return `pins ${finding.asset}, which no channel has any more`;
  }
}
