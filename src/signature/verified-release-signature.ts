import { type BundleRequest, fetchBundle } from './fetch-bundle.ts';
import type { SignedFile } from './signed-file.ts';
import type { Signer } from './signer.ts';
import type { VerifiedSignature } from './verified-signature.ts';

export interface SignatureRequest extends BundleRequest {
  readonly signer: Signer;
  /** The asset as it was downloaded. */
  readonly archive: { readonly path: string };
  /** The executable that came out of it. */
  readonly entrypoint: SignedFile;
}

/**
 * The signature that a release has for an asset, verified before anything of it is visible or run. It
 * is over the archive where the release signs that, else over the executable in it.
 *
 * @throws CodexRuntimeError `SIGNATURE_MISSING`, `SIGNATURE_UNREACHABLE`, `SIGNATURE_INVALID` (with
 * `fields.reason`); `USAGE` for a trusted root that is none; `ABORTED`
 */
export async function verifiedReleaseSignature(
  request: SignatureRequest,
): Promise<VerifiedSignature> {
  const { signer, settings, signal } = request;
  const fetched = await fetchBundle(request);
  // Sigstore's libraries cost a quarter of a second to load.
  const { loadTrustMaterial } = await import('./trusted-root.ts');
  const { verifiedBundle } = await import('./verified-bundle.ts');
  const { version, target } = request;
  const verified = await verifiedBundle({
    version,
    target,
    fetched,
    file: fetched.over === 'archive' ? signedArchive(request) : request.entrypoint,
    signer,
    trust: await loadTrustMaterial(settings, request),
    signal,
  });
  request.onProgress?.({ type: 'signed', ...verified });
  return verified;
}

function signedArchive({ asset, archive }: SignatureRequest): SignedFile {
  const sha256 = asset.digests.find(({ algorithm }) => algorithm === 'sha256')?.hex;
  if (sha256 === undefined) throw new Error(`${asset.name} was verified without a SHA-256`);
  return { path: archive.path, sha256 };
}
