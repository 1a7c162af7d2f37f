import type { LockFinding } from '../channels/index.ts';
import { type Lock, type LockedAsset, reaches, strongestProof } from '../lockfile/index.ts';
import type { Triple } from '../target/index.ts';
import { type AttestRequest, attestLock } from './attest-lock.ts';

const ATTESTED: readonly unknown[] = ['npm-provenance', 'github-attestation'];

/**
 * What a lock says to be attested and is not: nothing is asked for where it says no such thing, and
 * nothing is downloaded. A release signature is not looked at: it takes the archive.
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
