import type { Candidate } from '../channels/index.ts';
import { verifyPrintedVersion } from '../child/codex-version.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { entrypointOf } from '../extract/index.ts';
import { isUpstream } from '../pin/index.ts';
import type { ExactRequest } from '../request/index.ts';
import {
  entrypointDigest,
  executablePath,
  lockedEntrypoint,
  type RuntimeManifest,
} from '../store/index.ts';
import { isNative } from '../target/index.ts';
import type { Unpacked } from './fetch-and-unpack.ts';

/**
 * Checks what size and digests of the archive do not say: the executable that the lockfile pins, the
 * signature where one is required, and, last because it runs it, the version that it prints.
 * @returns what `runtime.json` will say
 * @throws CodexRuntimeError `DIGEST_MISMATCH`, `SIGNATURE_INVALID`, `VERSION_MISMATCH`,
 * `INSTALL_FAILED`
 */
export async function check(
  request: ExactRequest,
  candidate: Candidate,
  unpacked: Unpacked,
): Promise<RuntimeManifest> {
  const manifest = manifestOf(request, candidate, unpacked);
  verifyEntrypoint(manifest, request);
  const signed = await withSignature(manifest, request, { ...unpacked, asset: candidate.asset });
  if (isNative(request.settings.host, request.target)) {
    await verifyRuns(executablePath(unpacked.staging, manifest), request, unpacked);
  }
  return signed;
}

function manifestOf(
  { version, target, settings }: ExactRequest,
  { asset, channel, packageAvailable }: Candidate,
  { files, download: { outcome } }: Unpacked,
): RuntimeManifest {
  return {
    schemaVersion: 1,
    version: version.semver,
    repo: isUpstream(settings.github.repo) ? undefined : settings.github.repo,
    target: target.triple,
    variant: asset.variant,
    entrypoint: entrypointOf(target),
    files,
    origin: {
      channel,
      asset: asset.name,
      source: outcome.source ?? 'partial',
      size: outcome.size,
      verified: asset.digests,
      packageAvailable,
    },
  };
}

/** The files inside are the same whichever channel carries them: here npm is held to GitHub's bytes. */
function verifyEntrypoint(manifest: RuntimeManifest, request: ExactRequest): void {
  const expected = lockedEntrypoint(request);
  const actual = entrypointDigest(manifest);
  if (expected === undefined || actual === expected) return;
  const { channel, asset } = manifest.origin;
  throw new CodexRuntimeError(
    'DIGEST_MISMATCH',
    `The ${channel} channel's ${asset} holds another executable than the lockfile pins for Codex ${manifest.version}: expected sha256 ${expected}, got ${actual}.`,
    {
      hint: 'Do not run it. Compare the channels with codex-runtime resolve, and report it upstream.',
      fields: { expected, actual, channel, asset, version: manifest.version },
    },
  );
}

/** The manifest with the signature that was required and is verified, or as it is. */
async function withSignature(
  manifest: RuntimeManifest,
  { version, target, settings, signer, signal, onProgress }: ExactRequest,
  { asset, download, staging, bundle }: Unpacked & Pick<Candidate, 'asset'>,
): Promise<RuntimeManifest> {
  const sha256 = entrypointDigest(manifest);
  if (signer === undefined) return manifest;
  if (bundle === undefined || sha256 === undefined) {
    throw new Error(`${asset.name} came without what verifies its signature`);
  }
  const { verifiedReleaseSignature } = await import('../signature/index.ts');
  const signature = await verifiedReleaseSignature({
    version,
    target,
    asset,
    bundle,
    archive: { path: download.path },
    entrypoint: { path: executablePath(staging, manifest), sha256 },
    signer,
    settings,
    onProgress,
    signal,
  });
  return { ...manifest, origin: { ...manifest.origin, signature } };
}

/** Where it cannot be run, the download stays, so that the next try begins here. */
async function verifyRuns(
  executable: string,
  { version, signal }: ExactRequest,
  { download }: Unpacked,
): Promise<void> {
  try {
    await verifyPrintedVersion(executable, version, signal);
  } catch (error) {
    if (isCodexRuntimeError(error, 'VERSION_MISMATCH')) await download.discard();
    throw error;
  }
}
