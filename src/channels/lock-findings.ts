import type { Channel } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { ACCEPT_HINT } from '../fetch/index.ts';
import { type Lock, type ProofLevel, pinCommand } from '../lockfile/index.ts';
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
  /** The lock says more of what was proven than can be shown now. */
  | {
      readonly kind: 'unproven';
      readonly target: Triple;
      readonly asset: string;
      readonly expected: ProofLevel;
      readonly actual: ProofLevel;
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
 * @throws CodexRuntimeError `DIGEST_MISMATCH` when bytes have changed, `SIGNATURE_MISSING` when a level
 * of proof cannot be shown, else `LOCK_INCOMPLETE`; all findings in `fields.findings`.
 */
export function verifyLockComparison(lock: Lock, { findings, silent }: LockComparison): void {
  const [first] = findings;
  if (first === undefined) return;
  const changed = findings.find(({ kind }) => kind === 'changed');
  const unproven = findings.find(({ kind }) => kind === 'unproven');
  const more = findings.length === 1 ? '' : ` (and ${findings.length - 1} more)`;
  const text = `The lockfile for Codex ${lock.version} ${describeFinding(changed ?? unproven ?? first)}${more}.`;
  const fields = { version: lock.version, findings };
  if (changed === undefined && unproven !== undefined) {
    throw new CodexRuntimeError('SIGNATURE_MISSING', text, {
      hint: `Find out who edited the lockfile, or why the proof was withdrawn. To accept less, run "${pinCommand(lock)} --require digest".`,
      fields,
    });
  }
  throw changed === undefined
    ? new CodexRuntimeError('LOCK_INCOMPLETE', text, {
        hint: mendingHint(lock, findings, silent),
        fields,
      })
    : new CodexRuntimeError('DIGEST_MISMATCH', text, {
        hint: ACCEPT_HINT,
        fields,
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
    case 'unproven':
      return `says ${finding.expected} of ${finding.asset}, but only its ${finding.actual} can be shown`;
    case 'gone':
      return `pins ${finding.asset}, which no channel has any more`;
  }
}
