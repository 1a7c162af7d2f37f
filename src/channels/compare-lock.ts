import type { Asset, Channel, Release } from '../asset.ts';
import type { Lock, LockedAsset } from '../lockfile/index.ts';
import { parseVersion } from '../pin/index.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import type { ChannelsRequest } from './channels.ts';
import type { LockComparison, LockFinding } from './lock-findings.ts';
import { differenceOf, lockedAsset } from './locked-asset.ts';
import { isNpmName } from './not-locked.ts';
import { releasesOf, type SilentChannel } from './releases.ts';

/**
 * Compares a lock with what the channels say now; downloads nothing.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` or `SOURCES_EXHAUSTED` when no channel knows the
 * version, `ABORTED`
 */
export async function compareLock(
  request: ChannelsRequest & { lock: Lock },
): Promise<LockComparison> {
  const { lock } = request;
  const version = parseVersion(lock.version);
  const { releases, silent } = await releasesOf({ ...request, version });
  // A channel that did not answer may have what the others lack.
  const certain = !silent.some(({ kind }) => kind === 'unavailable');
  const absent = TARGETS.map(({ triple }) => triple).filter(
    (triple) => certain && !isLocked(lock, triple) && !isOffered(releases, triple),
  );
  const findings = TARGETS.flatMap(({ triple }): LockFinding[] => {
    const locked = lock.targets[triple]?.assets ?? [];
    const offered = releases.flatMap(({ channel, assets }) =>
      assets.filter(({ target }) => target.triple === triple).map((asset) => ({ channel, asset })),
    );
    const compared = offered.flatMap(({ channel, asset }) =>
      compareAsset({ target: triple, locked, channel, asset }),
    );
    const gone = locked
      .filter(({ name }) => !offered.some(({ asset }) => asset.name === name))
      .filter(({ name }) => isAnswered(name, releases, silent))
      .map(({ name }): LockFinding => ({ kind: 'gone', target: triple, asset: name }));
    const missing: LockFinding[] =
      isLocked(lock, triple) || absent.includes(triple)
        ? []
        : [{ kind: 'missing', target: triple }];
    return [...missing, ...compared, ...gone];
  });
  return { findings, absent, silent };
}

function isLocked(lock: Lock, triple: Triple): boolean {
  return (lock.targets[triple]?.assets ?? []).length > 0;
}

function isOffered(releases: readonly Release[], triple: Triple): boolean {
  return releases.some(({ assets }) =>
    assets.some(({ target, digests }) => target.triple === triple && digests.length > 0),
  );
}

interface AssetComparison {
  readonly target: Triple;
  readonly locked: readonly LockedAsset[];
  readonly channel: Channel;
  readonly asset: Asset;
}

function compareAsset({ target, locked, channel, asset }: AssetComparison): LockFinding[] {
  const actual = lockedAsset(asset);
  // An asset without a digest cannot be locked, so it is not missing from the lock.
  if (actual === undefined) return [];
  const found = { target, asset: asset.name, channel };
  const expected = locked.find(({ name }) => name === asset.name);
  if (expected === undefined) return [{ kind: 'unlocked', ...found }];
  const difference = differenceOf(expected, actual);
  if (difference === undefined) return unsigned(found, expected, actual);
  return [{ kind: 'changed', ...found, expected: difference.expected, actual: difference.actual }];
}

/** The registry's own signature is in the document that was compared. */
function unsigned(
  { target, asset, channel }: { target: Triple; asset: string; channel: Channel },
  { proof }: LockedAsset,
  actual: LockedAsset,
): LockFinding[] {
  if (proof !== 'npm-signature' || channel !== 'npm' || actual.proof !== undefined) return [];
  return [{ kind: 'unproven', target, asset, expected: proof, actual: 'digest' }];
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
