import { createVerify, type KeyObject, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type SignedEntity, toSignedEntity } from '@sigstore/verify';
import { diskError } from '../disk/disk-error.ts';
import type { FileBundle } from './parse-bundle.ts';

/** A file whose signature is in question. */
export interface SignedFile {
  readonly path: string;
  /** What was hashed while the file came into being; lower-case hexadecimal. */
  readonly sha256: string;
}

const READ_SIZE = 2 ** 20;

/**
 * `bundle` together with the file that it is to be a signature of, for Sigstore's verifier.
 *
 * The verifier's own entity wants the whole file in memory: 294 MB for a Codex of today. Node has no
 * verification of a digest that was made before, but its `Verify` takes the message in pieces and
 * the key at the end. So the file runs through that first, a megabyte at a time, and the verifier
 * hands in the key once the certificate has proved good.
 *
 * @throws CodexRuntimeError `PERMISSION_DENIED`, `INSTALL_FAILED` when the file cannot be read;
 * Error when a part of the bundle cannot be read; `ABORTED`
 */
export async function toSignedFile(
  bundle: FileBundle,
  file: SignedFile,
  signal?: AbortSignal,
): Promise<SignedEntity> {
  const { signature } = bundle.content.messageSignature;
  const entity = toSignedEntity(bundle);
  const message = createVerify('sha256');
  try {
    const chunks = createReadStream(file.path, { highWaterMark: READ_SIZE, signal });
    for await (const chunk of chunks as AsyncIterable<Buffer>) message.update(chunk);
  } catch (error) {
    throw diskError(error, 'read what was signed', file.path);
  }
  return {
    ...entity,
    signature: {
      signature,
      compareSignature: (other) => isEqual(other, signature),
      compareDigest: (digest) => isEqual(digest, Buffer.from(file.sha256, 'hex')),
      verifySignature: (key) => verifies(message, key, signature),
    },
  };
}

function verifies(
  message: ReturnType<typeof createVerify>,
  key: KeyObject,
  signature: Buffer,
): boolean {
  try {
    return message.verify(key, signature);
  } catch {
    // A key of a kind that does not sign digests has not signed this one.
    return false;
  }
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
