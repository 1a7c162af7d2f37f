import type { VariantChoice } from '../asset.ts';
import {
  fromIntegrity,
  isProofLevel,
  type Lock,
  type LockedAsset,
  type LockedTarget,
  type ProofLevel,
  reaches,
  strongestProof,
} from '../lockfile/index.ts';
import { DEFAULT_REPO, type Version } from '../pin/index.ts';
import { isSameSigner, type Settings, type Signer } from '../request/index.ts';
import type { Target } from '../target/index.ts';
import type { Runtime, RuntimeDescription, RuntimeManifest, RuntimeOrigin } from './manifest.ts';
import { findRuntime } from './store.ts';

/** What a runtime must be, wherever it lies. */
export interface Wanted {
  readonly version: Version;
  readonly target: Target;
  readonly variant: VariantChoice;
  /** The lockfile of this version, or null. */
  readonly lock: Lock | null;
  /** Whose release is meant. */
  readonly settings: { readonly github: Pick<Settings['github'], 'repo'> };
  /** Whose verified signature it must carry; absent where none is required. */
  readonly signer?: Signer | undefined;
  /** Ends the hashing of files that were touched. */
  readonly signal?: AbortSignal | undefined;
}

/** The stored runtime that is wanted, whole; without asking any channel. */
export async function findStored(home: string, wanted: Wanted): Promise<Runtime | undefined> {
  const variants = wanted.variant === 'auto' ? (['package', 'binary'] as const) : [wanted.variant];
  for (const variant of variants) {
    const key = { version: wanted.version.semver, target: wanted.target.triple, variant };
    const runtime = await findRuntime(home, key, wanted.signal);
    if (runtime === undefined || !isWanted(runtime.manifest, wanted)) continue;
    if (!isSigned(runtime.manifest, wanted) || !isLocked(runtime.manifest, wanted)) continue;
    // A binary that somebody asked for by name does not stand in for a package that exists.
    if (wanted.variant === variant || variant === 'package') return runtime;
    if (!runtime.manifest.origin.packageAvailable) return runtime;
  }
  return undefined;
}

/** Whether a description fits: version, target, variant, repository, and the locked executable. */
export function isWanted(runtime: RuntimeDescription, wanted: Wanted): boolean {
  const locked = lockedEntrypoint(wanted);
  return (
    runtime.version === wanted.version.semver &&
    runtime.target === wanted.target.triple &&
    (wanted.variant === 'auto' || runtime.variant === wanted.variant) &&
    (locked === undefined || locked === entrypointDigest(runtime)) &&
    isOfRepository(runtime, wanted)
  );
}

/** Two repositories may release other bytes as one version; a lockfile says itself which bytes. */
function isOfRepository(
  { repo = DEFAULT_REPO }: RuntimeDescription,
  { lock, settings }: Wanted,
): boolean {
  return lock !== null || repo === settings.github.repo;
}

/**
 * Whether the lockfile allows the asset that a stored runtime came from: its digests, or where the
 * lock does not know the asset, the executable that it pins (compared in {@link isWanted}); and
 * whether what was verified of it is as much as the lockfile requires.
 */
function isLocked({ origin }: RuntimeManifest, wanted: Wanted): boolean {
  if (wanted.lock === null) return true;
  const locked = wanted.lock.targets[wanted.target.triple];
  const asset = locked?.assets.find(({ name }) => name === origin.asset);
  const { require: required } = wanted.lock;
  if (required !== undefined && !reaches(provenLevel(origin, locked), required)) return false;
  return asset === undefined ? locked?.entrypoint !== undefined : isSameAsset(origin, asset);
}

/** Whether the lockfile's digests are among those that an asset was verified with. */
export function isSameAsset(
  { verified }: RuntimeOrigin,
  { sha256, integrity }: LockedAsset,
): boolean {
  const known = new Set(verified.map(({ algorithm, hex }) => `${algorithm}:${hex}`));
  const allowed = [
    ...(sha256 === undefined ? [] : [`sha256:${sha256}`]),
    ...(integrity === undefined ? [] : [`sha512:${fromIntegrity(integrity)}`]),
  ];
  return allowed.some((digest) => known.has(digest));
}

/**
 * What was verified of the asset that a stored runtime came from: when it came, or by a lockfile that
 * pins the same bytes.
 */
export function provenLevel(origin: RuntimeOrigin, locked?: LockedTarget): ProofLevel {
  const { verified, signature } = origin;
  const same = locked?.assets.find((one) => one.name === origin.asset && isSameAsset(origin, one));
  return strongestProof([
    same?.proof,
    ...verified.map(({ proof, registryKey }) => {
      if (isProofLevel(proof)) return proof;
      return typeof registryKey === 'string' ? 'npm-signature' : undefined;
    }),
    signature === undefined ? undefined : 'sigstore',
  ]);
}

function isSigned({ origin }: RuntimeManifest, { signer }: Wanted): boolean {
  if (signer === undefined) return true;
  return origin.signature !== undefined && isSameSigner(origin.signature, signer);
}

/** The sha256 that the lock pins for the executable inside, whichever channel carries it. */
export function lockedEntrypoint({
  lock,
  target,
}: Pick<Wanted, 'lock' | 'target'>): string | undefined {
  return lock?.targets[target.triple]?.entrypoint?.sha256;
}

/** The sha256 of a runtime's executable. */
export function entrypointDigest(runtime: RuntimeDescription): string | undefined {
  return runtime.files.find(({ path }) => path === runtime.entrypoint)?.sha256;
}
