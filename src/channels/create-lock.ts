import type { Asset, Release } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Lock, LockedAsset, LockedTarget } from '../lockfile/index.ts';
import type { Version } from '../pin/index.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import type { ChannelsRequest } from './channels.ts';
import { lockedAsset, mergeLocked } from './locked-asset.ts';
import { OriginLedger } from './origins.ts';
import { releasesOf, type SilentChannel } from './releases.ts';

export interface CreateLockRequest extends ChannelsRequest {
  readonly version: Version;
  /**
   * The lock that is about to be replaced. One of the same version and repository is extended:
   * what it knows stays, and bytes that have changed since are refused.
   */
  readonly previous?: Lock | null;
}

/** A lock, and what could not be locked. */
export interface LockDraft {
  readonly lock: Lock;
  /** Targets for which no channel has an asset with a digest. */
  readonly missing: readonly Triple[];
  readonly silent: readonly SilentChannel[];
}

/**
 * Locks a version: every runtime asset of every target on every channel that `sources` names, with
 * the digest that the channel gives. Nothing is downloaded.
 * @throws CodexRuntimeError `DIGEST_MISMATCH` when two channels, or the previous lock and a
 * channel, have different bytes under one name; `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND` or
 * `SOURCES_EXHAUSTED` when no channel has anything to lock; `DIGEST_MISSING` when none vouches for
 * what it has.
 */
export async function createLock(request: CreateLockRequest): Promise<LockDraft> {
  const { version, settings, previous } = request;
  const { releases, silent } = await releasesOf(request);
  const origins = new OriginLedger(version);
  for (const { assets } of releases) origins.add(assets);
  const { repo } = settings.github;
  const known = previous?.version === version.semver && previous.repo === repo ? previous : null;
  const entries = TARGETS.flatMap(({ triple }): [Triple, LockedTarget][] => {
    const found = releases.flatMap(({ assets }) =>
      assets.filter((a) => a.target.triple === triple),
    );
    const before = known?.targets[triple];
    const assets = lockedAssets(version, before?.assets ?? [], found);
    if (assets.length === 0) return [];
    const { entrypoint } = before ?? {};
    return [[triple, { assets, ...(entrypoint === undefined ? {} : { entrypoint }) }]];
  });
  if (entries.length === 0) throw unvouched(version, releases);
  const targets = Object.fromEntries(entries) as Lock['targets'];
  return {
    lock: { version: version.semver, repo, targets },
    missing: TARGETS.map(({ triple }) => triple).filter((triple) => targets[triple] === undefined),
    silent,
  };
}

/**
 * `lock` with the digests of the executables inside, as somebody found them by unpacking verified
 * assets.
 * @throws CodexRuntimeError `DIGEST_MISMATCH` when it knows another one already.
 */
export function withEntrypoints(lock: Lock, sha256: Partial<Record<Triple, string>>): Lock {
  const entries = TARGETS.flatMap(({ triple }): [Triple, LockedTarget][] => {
    const target = lock.targets[triple];
    const found = sha256[triple];
    if (target === undefined) return [];
    const expected = target.entrypoint?.sha256;
    if (expected !== undefined && found !== undefined && expected !== found) {
      throw new CodexRuntimeError(
        'DIGEST_MISMATCH',
        `The executable of Codex ${lock.version} for ${triple} is not the locked one: expected sha256 ${expected}, got ${found}.`,
        {
          hint: 'A release must not change after it was published. Find out who changed it.',
          fields: { version: lock.version, target: triple, expected, actual: found },
        },
      );
    }
    return [[triple, found === undefined ? target : { ...target, entrypoint: { sha256: found } }]];
  });
  return { ...lock, targets: Object.fromEntries(entries) };
}

function unvouched(version: Version, releases: readonly Release[]): CodexRuntimeError {
  const channels = releases.map(({ channel }) => channel);
  return new CodexRuntimeError(
    'DIGEST_MISSING',
    `Nothing of Codex ${version.semver} can be locked: ${channels.join(', ')} gives no digest of any build.`,
    {
      hint: 'Pin another version, or name a --source that gives digests.',
      fields: { version: version.semver, channels },
    },
  );
}

/** Each asset once, with the digests of all channels. */
function lockedAssets(
  version: Version,
  before: readonly LockedAsset[],
  found: readonly Asset[],
): LockedAsset[] {
  const byName = new Map(before.map((asset) => [asset.name, asset]));
  for (const asset of found) {
    const locked = lockedAsset(asset);
    if (locked === undefined) continue;
    const known = byName.get(asset.name);
    const relocked = before.some(({ name }) => name === asset.name);
    byName.set(
      asset.name,
      known === undefined ? locked : mergeLocked(version, { known, found: locked, relocked }),
    );
  }
  return [...byName.values()];
}
