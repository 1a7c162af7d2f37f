import { type Bundle, bundleFromJSON, isBundleWithMessageSignature } from '@sigstore/bundle';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import { parseBoundedJson } from '../json-bounds.ts';
import { fromLegacyBundle, isLegacyBundle } from './legacy-bundle.ts';

/** A bundle with a signature over a file, made with the key of a certificate. */
export type FileBundle = Bundle & {
  readonly content: Extract<Bundle['content'], { $case: 'messageSignature' }>;
};

/**
 * Reads a bundle in Sigstore's own format or in cosign's old one. Whether anything in it is true is
 * not looked at.
 * @throws Error saying what is wrong with it
 */
export function parseBundle(text: string): FileBundle {
  const value: unknown = parseBoundedJson(text);
  const bundle = bundleFromJSON(isLegacyBundle(value) ? fromLegacyBundle(value) : value);
  if (!isBundleWithMessageSignature(bundle)) throw new Error('it signs no file');
  if (bundle.verificationMaterial.content.$case === 'publicKey') {
    throw new Error('a bare key made it, which names nobody');
  }
  if (bundle.content.messageSignature.messageDigest.algorithm !== HashAlgorithm.SHA2_256) {
    throw new Error('it is not over a SHA-256');
  }
  return bundle;
}
