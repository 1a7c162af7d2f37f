import { resolve } from 'node:path';
import { npmPlatformVersion } from '../channels/index.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import {
  fromIntegrity,
  type Lock,
  type LockedAsset,
  type ProofLevel,
  reaches,
  strongestProof,
} from '../lockfile/index.ts';
import { parseVersion } from '../pin/index.ts';
import { releaseSigner, type Settings, type SourceSelection } from '../request/index.ts';
import {
  ATTESTATIONS_SUFFIX,
  type AttestationPlace,
  type AttestationSources,
  type AttestedBytes,
  openAttestations,
} from '../signature/index.ts';
import { parseTarget, type Target, type Triple } from '../target/index.ts';

export interface AttestRequest {
  readonly lock: Lock;
  /** The strongest proof that is wanted: nothing is asked for what is not. */
  readonly wanted: ProofLevel;
  readonly settings: Settings;
  readonly sources: SourceSelection;
  readonly signal: AbortSignal | undefined;
}

/**
 * `lock` with what attestations prove of its assets: for each target npm's provenance of its tarball
 * and GitHub's attestation of its best archive that every Node unpacks, each of which names the release workflow of
 * this version. At most two requests a target; nothing is downloaded.
 * @throws CodexRuntimeError `SIGNATURE_INVALID` for one that is there and does not hold,
 * `SIGNATURE_UNREACHABLE` where it cannot be asked for; `USAGE` for a trusted root that cannot be used
 */
export async function attestLock(request: AttestRequest): Promise<Lock> {
  const { lock, settings, signal } = request;
  const attestations = openAttestations(settings, signal);
  try {
    const entries: [string, Lock['targets'][Triple]][] = [];
    for (const [triple, locked] of Object.entries(lock.targets)) {
      const assets = [...locked.assets];
      for (const claim of claimsOf(request, parseTarget(triple), assets)) {
        const index = assets.findIndex(({ name }) => name === claim.asset.name);
        if (!(await holds(claim, request, attestations))) continue;
        const proof = strongestProof([assets[index]?.proof, claim.level]);
        assets[index] = { ...claim.asset, proof };
      }
      entries.push([triple, { ...locked, assets }]);
    }
    return { ...lock, targets: Object.fromEntries(entries) };
  } finally {
    await attestations.close();
  }
}

/** Something that an attestation may say of an asset, and where that would be. */
interface Claim {
  readonly level: 'npm-provenance' | 'github-attestation';
  readonly target: Target;
  readonly asset: LockedAsset;
  readonly place: AttestationPlace;
  readonly bytes: AttestedBytes;
}

function claimsOf(
  { lock, wanted, settings, sources }: AttestRequest,
  target: Target,
  assets: readonly LockedAsset[],
): readonly Claim[] {
  const claims: Claim[] = [];
  const asks = (...names: readonly string[]) =>
    sources.some(({ channel }) => names.includes(channel));
  const tarball = assets.find(({ integrity }) => integrity !== undefined);
  if (tarball?.integrity !== undefined && asks('npm')) {
    const bytes = { algorithm: 'sha512', hex: fromIntegrity(tarball.integrity) } as const;
    const version = npmPlatformVersion(lock.version, target);
    const place = { kind: 'npm', version } as const;
    claims.push({ level: 'npm-provenance', target, asset: tarball, place, bytes });
  }
  const archives = assets.filter(({ sha256 }) => sha256 !== undefined);
  // What every supported Node unpacks: where a level is required, nothing else is installed.
  const archive = archives.find(({ name }) => !name.endsWith('.zst')) ?? archives[0];
  if (archive?.sha256 === undefined || !reaches(wanted, 'github-attestation')) return claims;
  const bytes = { algorithm: 'sha256', hex: archive.sha256 } as const;
  const dir = sources.flatMap((choice) => (choice.channel === 'dir' ? [choice.path] : []))[0];
  const name = `${archive.name}${ATTESTATIONS_SUFFIX}`;
  const place: AttestationPlace | undefined = asks('github', 'mirror')
    ? { kind: 'github', bytes }
    : dir === undefined
      ? undefined
      : { kind: 'file', path: resolve(settings.cwd, dir, lock.version, name) };
  if (place === undefined) return claims;
  return [...claims, { level: 'github-attestation', target, asset: archive, place, bytes }];
}

/** Whether one of the attestations of a claim holds; false where there is none. */
async function holds(
  { level, target, asset, place, bytes }: Claim,
  { lock, settings }: AttestRequest,
  attestations: AttestationSources,
): Promise<boolean> {
  const version = parseVersion(lock.version);
  const subject = { version, target };
  const documents = await attestations.fetch(place, subject);
  if (documents.length === 0) return false;
  const { loadTrustMaterial, verifiedAttestation } = await import('../signature/attestation.ts');
  const trust = await loadTrustMaterial(settings, subject);
  const signer = releaseSigner(lock.repo, version);
  const bundle = `${level} of ${asset.name}`;
  const failures: CodexRuntimeError[] = [];
  for (const document of documents) {
    try {
      verifiedAttestation({ ...subject, bundle, document, bytes, signer, trust });
      return true;
    } catch (error) {
      if (!isCodexRuntimeError(error, 'SIGNATURE_INVALID')) throw error;
      failures.push(error);
    }
  }
  throw failures[0] ?? new CodexRuntimeError('UNEXPECTED', `No attestation of ${asset.name}.`);
}
