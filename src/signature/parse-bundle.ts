import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import { parseBoundedJson } from '../json.ts';
import { fromLegacyBundle, isLegacyBundle } from './legacy-bundle.ts';

/** A bundle with a signature over a file, made with the key of a certificate. */
export type FileBundle = Bundle & {
  readonly content: Extract<Bundle['content'], { $case: 'messageSignature' }>;
};

/** A bundle with a signed statement about files (DSSE), made with the key of a certificate. */
export type StatementBundle = Bundle & {
  readonly content: Extract<Bundle['content'], { $case: 'dsseEnvelope' }>;
};

/**
 * Reads a bundle in Sigstore's own format or in cosign's old one. Whether anything in it is true is
 * not looked at.
 * @throws Error saying what is wrong with it
 */
export function parseBundle(text: string): FileBundle | StatementBundle {
  return readBundle(parseBoundedJson(text));
}

/**
 * As {@link parseBundle}, of JSON that was parsed already.
 * @throws Error saying what is wrong with it
 */
export function readBundle(value: unknown): FileBundle | StatementBundle {
  const bundle = bundleFromJSON(isLegacyBundle(value) ? fromLegacyBundle(value) : value);
  if (bundle.verificationMaterial.content.$case === 'publicKey') {
    throw new Error('it was made with a bare key, which identifies nobody');
  }
  if (isStatement(bundle)) return bundle;
  if (!isFile(bundle)) throw new Error('it signs nothing');
  if (bundle.content.messageSignature.messageDigest.algorithm !== HashAlgorithm.SHA2_256) {
    throw new Error('it is not over a SHA-256');
  }
  return bundle;
}

/** Whether it is a statement about files, and not a signature over one. */
export function isStatement(bundle: Bundle): bundle is StatementBundle {
  return bundle.content.$case === 'dsseEnvelope';
}

function isFile(bundle: Bundle): bundle is FileBundle {
  return bundle.content.$case === 'messageSignature';
}
