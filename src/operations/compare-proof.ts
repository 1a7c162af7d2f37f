import type { LockFinding } from '../channels/index.ts';
import { type Lock, type LockedAsset, reaches, strongestProof } from '../lockfile/index.ts';
import { isSameAsset, listRuntimes } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import { type AttestRequest, attestLock } from './attest-lock.ts';

const ATTESTED: readonly unknown[] = ['npm-provenance', 'github-attestation'];

/**
 * What a lock says to be attested and is not: nothing is asked for where it says no such thing, and
 * nothing is downloaded. For release signatures see {@link signaturesNotSeen}.
 * @throws as {@link attestLock}, for an attestation that is there and does not hold
 */
export async function compareProof(
  request: Omit<AttestRequest, 'wanted'>,
): Promise<readonly LockFinding[]> {
  const { lock } = request;
  const claims = Object.entries(lock.targets).flatMap(([target, { assets }]) =>
    assets
      .filter(({ proof }) => ATTESTED.includes(proof))
      .map((asset) => ({ target: target as Triple, asset })),
  );
  if (claims.length === 0) return [];
  const wanted = strongestProof(claims.map(({ asset }) => asset.proof));
  const attested = await attestLock({ ...request, lock: withoutClaims(lock), wanted });
  return claims.flatMap(({ target, asset }): LockFinding[] => {
    const expected = asset.proof ?? 'digest';
    const found = attested.targets[target]?.assets.find(({ name }) => name === asset.name);
    const actual = found?.proof ?? 'digest';
    if (reaches(actual, expected)) return [];
    return [{ kind: 'unproven', target, asset: asset.name, expected, actual }];
  });
}

/** A level of proof that this run could not look at. */
export interface UnseenProof {
  readonly target: Triple;
  /** Name of the asset. */
  readonly asset: string;
  readonly level: 'sigstore';
}

/**
 * The release signatures that a lock claims, less those that the store has a record of: an installation
 * verified one over these very bytes. The others take the archive, which a comparison does not fetch.
 * @throws CodexRuntimeError the disk's own failures
 */
export async function signaturesNotSeen(
  { targets, version }: Lock,
  home: string,
): Promise<readonly UnseenProof[]> {
  const claims = Object.entries(targets).flatMap(([triple, { assets }]) =>
    assets
      .filter(({ proof }) => proof === 'sigstore')
      .map((asset) => ({ target: triple as Triple, asset })),
  );
  if (claims.length === 0) return [];
  const stored = await listRuntimes(home);
  const seen = ({ target, asset }: (typeof claims)[number]) =>
    stored.some(
      ({ manifest }) =>
        manifest.version === version &&
        manifest.target === target &&
        manifest.origin.signature !== undefined &&
        manifest.origin.asset === asset.name &&
        isSameAsset(manifest.origin, asset),
    );
  return claims
    .filter((claim) => !seen(claim))
    .map(({ target, asset }) => ({ target, asset: asset.name, level: 'sigstore' }));
}

function withoutClaims(lock: Lock): Lock {
  const targets = Object.entries(lock.targets).map(([target, locked]) => [
    target,
    { ...locked, assets: locked.assets.map(unproven) },
  ]);
  return { ...lock, targets: Object.fromEntries(targets) };
}

function unproven(asset: LockedAsset): LockedAsset {
  if (!ATTESTED.includes(asset.proof)) return asset;
  const { proof: _, ...rest } = asset;
  return rest;
}
