import type { Asset, Digest } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { ACCEPT_HINT } from '../fetch/index.ts';
import { fromIntegrity, type LockedAsset, strongestProof, toIntegrity } from '../lockfile/index.ts';
import type { Version } from '../pin/index.ts';
import { proofOf } from './proof.ts';

/** The lockfile's entry for an asset; undefined where it has no digest. */
export function lockedAsset({ name, size, digests }: Asset): LockedAsset | undefined {
  const sha256 = digests.find(({ algorithm }) => algorithm === 'sha256')?.hex;
  const sha512 = digests.find(({ algorithm }) => algorithm === 'sha512')?.hex;
  if (sha256 === undefined && sha512 === undefined) return undefined;
  const proof = proofOf({ digests });
  return {
    name,
    ...(size === null ? {} : { size }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(sha512 === undefined ? {} : { integrity: toIntegrity(sha512) }),
    ...(proof === 'digest' ? {} : { proof }),
  };
}

/** The digests of a lockfile's entry. */
export function lockedDigests({ sha256, integrity, proof }: LockedAsset): Digest[] {
  const vouched = { origin: 'lockfile', ...(proof === undefined ? {} : { proof }) } as const;
  const digests: Digest[] = [];
  if (sha256 !== undefined) digests.push({ algorithm: 'sha256', hex: sha256, ...vouched });
  if (integrity !== undefined) {
    digests.push({ algorithm: 'sha512', hex: fromIntegrity(integrity), ...vouched });
  }
  return digests;
}

/** Two entries for one asset. */
export interface Entries {
  readonly known: LockedAsset;
  readonly found: LockedAsset;
  /** Whether `known` comes from the lock that is being replaced, rather than from another channel. */
  readonly relocked: boolean;
}

/**
 * Both entries in one: of the same bytes what was proven once stays so.
 * @throws CodexRuntimeError `DIGEST_MISMATCH` when they describe different bytes.
 */
export function mergeLocked(version: Version, { known, found, relocked }: Entries): LockedAsset {
  const difference = differenceOf(known, found);
  if (difference === undefined) {
    const proof = strongestProof([known.proof, found.proof]);
    return { ...known, ...found, ...(proof === 'digest' ? {} : { proof }) };
  }
  const { what, expected, actual } = difference;
  throw new CodexRuntimeError(
    'DIGEST_MISMATCH',
    `Codex ${version.semver} has two ${known.name}: ${what} ${expected} and ${actual}.`,
    {
      hint: relocked
        ? ACCEPT_HINT
        : 'A release has the same bytes everywhere. Find out which channel is right, and name it with --source.',
      fields: { version: version.semver, asset: known.name, expected, actual },
    },
  );
}

/** The first field that both have with different values. */
export function differenceOf(
  expected: LockedAsset,
  actual: LockedAsset,
): { what: string; expected: string; actual: string } | undefined {
  for (const what of ['sha256', 'integrity', 'size'] as const) {
    const [before, after] = [expected[what], actual[what]];
    if (before !== undefined && after !== undefined && before !== after) {
      return { what, expected: String(before), actual: String(after) };
    }
  }
  return undefined;
}
