import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { type Descriptor, digestOf, hexOf } from './descriptor.ts';
import { type ImageIndex, readManifest } from './documents.ts';
import { OCI_INDEX } from './media-types.ts';

/** The annotation by which a layout's `index.json` names an image. */
export const REF_NAME = 'org.opencontainers.image.ref.name';

export const LAYOUT_FILE = 'oci-layout';
export const LAYOUT_TEXT = '{"imageLayoutVersion":"1.0.0"}';
export const LAYOUT_INDEX = 'index.json';

/** Where a layout keeps a blob, relative to it, with `/`. */
export function blobPath(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/**
 * The images of a layout, by their names.
 * @throws CodexRuntimeError `USAGE` when `directory` is not an image layout; the disk's own failures
 */
export async function loadLayout(directory: string): Promise<ImageIndex> {
  const text = await readFile(join(directory, LAYOUT_INDEX), 'utf8').catch((error: unknown) => {
    throw notALayout(directory, error);
  });
  const index = readManifest(OCI_INDEX, text);
  if (index?.kind !== 'index') throw notALayout(directory);
  return index;
}

/**
 * A document of a layout, held to its descriptor.
 * @throws CodexRuntimeError `DAMAGED`; the disk's own failures
 */
export async function loadBlob(directory: string, { digest, size }: Descriptor): Promise<Buffer> {
  const path = join(directory, blobPath(digest));
  const bytes = await readFile(path).catch((error: unknown) => {
    throw diskError(error, 'read', path);
  });
  const actual = digestOf(bytes);
  if (bytes.length === size && actual === digest) return bytes;
  throw new CodexRuntimeError('DAMAGED', `${path} is not what its image says.`, {
    hint: 'Make the image layout again.',
    fields: { path, expected: digest, actual },
  });
}

function notALayout(directory: string, cause?: unknown): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', `${directory} is not an OCI image layout.`, {
    hint: 'Make one with "skopeo copy docker://IMAGE oci:DIRECTORY:TAG".',
    fields: { path: directory },
    cause,
  });
}
