import { asJsonObject, isByteCount, isJsonObject, isSha256 } from '../json.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import { isAssetName } from './asset-name.ts';
import type { Lock, LockedAsset, LockedTarget } from './lock.ts';
import { invalid, type Known } from './lock-fault.ts';
import { isProofLevel, type ProofLevel, strongestProof } from './proof.ts';

/**
 * The digests of each target.
 * @throws CodexRuntimeError `LOCK_INVALID` for an entry that is malformed
 */
export function readTargets(value: unknown, path: string, known: Known): Lock['targets'] {
  if (!isJsonObject(value)) throw invalid(path, 'has no targets', known);
  const entries = TARGETS.flatMap(({ triple }): [Triple, LockedTarget][] => {
    if (!Object.hasOwn(value, triple)) return [];
    const target = readTarget(value[triple]);
    if (target === undefined) throw invalid(path, `has a malformed entry for ${triple}`, known);
    return [[triple, target]];
  });
  return Object.fromEntries(entries);
}

function readTarget(value: unknown): LockedTarget | undefined {
  if (!isJsonObject(value) || !Array.isArray(value['assets'])) return undefined;
  const assets = value['assets'].map(readAsset);
  if (!assets.every((asset) => asset !== undefined)) return undefined;
  const { entrypoint } = value;
  if (entrypoint === undefined) return { assets };
  if (!isJsonObject(entrypoint) || !isSha256(entrypoint['sha256'])) return undefined;
  return { assets, entrypoint: { sha256: entrypoint['sha256'] } };
}

function readAsset(value: unknown): LockedAsset | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, size, sha256, integrity, proof } = value;
  if (!isAssetName(name)) return undefined;
  if (size !== undefined && !isByteCount(size)) return undefined;
  if (sha256 !== undefined && !isSha256(sha256)) return undefined;
  if (integrity !== undefined && !isIntegrity(integrity)) return undefined;
  // An entry without a digest would look like a pin and pin nothing.
  if (sha256 === undefined && integrity === undefined) return undefined;
  if (proof !== undefined && !isShown(proof, { sha256, integrity })) return undefined;
  return {
    name,
    ...(size === undefined ? {} : { size }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(integrity === undefined ? {} : { integrity }),
    ...(proof === undefined ? {} : { proof }),
  };
}

/** A level that the digests cannot show is a claim without data: npm's proofs are over its SHA-512. */
function isShown(
  proof: unknown,
  { sha256, integrity }: { readonly sha256: unknown; readonly integrity: unknown },
): proof is ProofLevel {
  if (!isProofLevel(proof) || proof === 'digest') return false;
  return (proof.startsWith('npm-') ? integrity : sha256) !== undefined;
}

function isIntegrity(value: unknown): value is string {
  return typeof value === 'string' && /^sha512-[A-Za-z0-9+/]{86}==$/.test(value);
}

/** The strongest proof of each target, as far as it can be read: an edited lockfile has them too. */
export function readLevels(targets: unknown): Readonly<Partial<Record<Triple, ProofLevel>>> {
  const known = asJsonObject(targets);
  return Object.fromEntries(
    TARGETS.flatMap(({ triple }) => {
      const { assets } = asJsonObject(Object.hasOwn(known, triple) ? known[triple] : undefined);
      const proofs = (Array.isArray(assets) ? assets : []).map((asset) => {
        const { proof } = asJsonObject(asset);
        return isProofLevel(proof) ? proof : undefined;
      });
      return proofs.length === 0 ? [] : [[triple, strongestProof(proofs)]];
    }),
  );
}
