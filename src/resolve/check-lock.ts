import type { Asset, Channel, Release } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { type Lock, type LockedAsset, parseVersion } from '../pin/index.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import type { ChannelsRequest } from './channels.ts';
import { releasesOf, type SilentChannel } from './create-lock.ts';
import { differenceOf, lockedAsset } from './locked-asset.ts';
import { isNpmName } from './not-locked.ts';

/** One way in which a lockfile is not complete or not true. */
export type LockFinding =
  /** The lock has nothing for a target. */
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

export interface LockCheck {
  readonly findings: readonly LockFinding[];
  /** Channels that could not be compared with. */
  readonly silent: readonly SilentChannel[];
}

/**
 * Compares a lock with what the channels say now; downloads nothing.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` or `SOURCES_EXHAUSTED` when no channel knows the
 * version, `ABORTED`
 */
export async function checkLock(request: ChannelsRequest & { lock: Lock }): Promise<LockCheck> {
  const { lock } = request;
  const version = parseVersion(lock.version);
  const { releases, silent } = await releasesOf({ ...request, version });
  const findings = TARGETS.flatMap(({ triple }): LockFinding[] => {
    const locked = lock.targets[triple]?.assets ?? [];
    const offered = releases.flatMap(({ channel, assets }) =>
      assets.filter(({ target }) => target.triple === triple).map((asset) => ({ channel, asset })),
    );
    const compared = offered.flatMap(({ channel, asset }) =>
      compare(triple, locked, channel, asset),
    );
    const gone = locked
      .filter(({ name }) => !offered.some(({ asset }) => asset.name === name))
      .filter(({ name }) => isAnswered(name, releases, silent))
      .map(({ name }): LockFinding => ({ kind: 'gone', target: triple, asset: name }));
    const missing: LockFinding[] = locked.length === 0 ? [{ kind: 'missing', target: triple }] : [];
    return [...missing, ...compared, ...gone];
  });
  return { findings, silent };
}

/**
 * Throws unless a check found nothing.
 * @throws CodexRuntimeError `DIGEST_MISMATCH` when bytes have changed, else `LOCK_INCOMPLETE`; all
 * findings in `fields.findings`.
 */
export function verifyLockCheck(lock: Lock, { findings }: LockCheck): void {
  const [first] = findings;
  if (first === undefined) return;
  const changed = findings.find(({ kind }) => kind === 'changed');
  const more = findings.length === 1 ? '' : ` (and ${findings.length - 1} more)`;
  const text = `The lockfile for Codex ${lock.version} ${describeFinding(changed ?? first)}${more}.`;
  throw changed === undefined
    ? new CodexRuntimeError('LOCK_INCOMPLETE', text, {
        hint: `Run "codex-runtime pin ${lock.version}" and commit the result.`,
        fields: { version: lock.version, findings },
      })
    : new CodexRuntimeError('DIGEST_MISMATCH', text, {
        hint: 'A release must not change after it was published. Find out who changed it.',
        fields: { version: lock.version, findings },
      });
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

function compare(
  target: Triple,
  locked: readonly LockedAsset[],
  channel: Channel,
  asset: Asset,
): LockFinding[] {
  const actual = lockedAsset(asset);
  // What nobody vouches for cannot be locked, and is no gap of the lock.
  if (actual === undefined) return [];
  const found = { target, asset: asset.name, channel };
  const expected = locked.find(({ name }) => name === asset.name);
  if (expected === undefined) return [{ kind: 'unlocked', ...found }];
  const difference = differenceOf(expected, actual);
  if (difference === undefined) return [];
  return [{ kind: 'changed', ...found, expected: difference.expected, actual: difference.actual }];
}

/** Whether every asked channel that carries such an asset has answered. */
function isAnswered(
  name: string,
  releases: readonly Release[],
  silent: readonly SilentChannel[],
): boolean {
  const carriers: readonly Channel[] = isNpmName(name) ? ['npm'] : ['github', 'mirror'];
  const carries = ({ channel }: { channel: Channel }): boolean => carriers.includes(channel);
  return releases.some(carries) && !silent.some(carries);
}
