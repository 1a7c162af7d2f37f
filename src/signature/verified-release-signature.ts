import type { Asset } from '../asset.ts';
import type { OnProgress } from '../events.ts';
import type { Settings, Signer } from '../request/index.ts';
import type { SignatureSubject } from './faults.ts';
import type { FetchedBundle } from './fetch-bundle.ts';
import type { SignedFile } from './signed-file.ts';
import type { VerifiedSignature } from './verified-signature.ts';

export interface SignatureRequest extends SignatureSubject {
  readonly asset: Asset;
  /** What the release has for the asset. */
  readonly bundle: FetchedBundle;
  readonly signer: Signer;
  /** The asset as it was downloaded. */
  readonly archive: { readonly path: string };
  /** The executable that came out of it. */
  readonly entrypoint: SignedFile;
  readonly settings: Settings;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The signature that a release has for an asset, verified before anything of it is visible or run. It
 * is over the archive where the release signs that, else over the executable in it.
 *
 * @throws CodexRuntimeError `SIGNATURE_INVALID` (with `fields.reason`); `USAGE` for a trusted root
 * that is none; `ABORTED`
 */
export async function verifiedReleaseSignature(
  request: SignatureRequest,
): Promise<VerifiedSignature> {
  const { signer, settings, signal, bundle, version, target } = request;
  // Sigstore's libraries cost a quarter of a second to load.
  const { loadTrustMaterial } = await import('./trusted-root.ts');
  const { verifiedBundle } = await import('./verified-bundle.ts');
  const verified = await verifiedBundle({
    version,
    target,
    fetched: bundle,
    file: bundle.over === 'archive' ? signedArchive(request) : request.entrypoint,
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
