import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { isErrno } from '../../disk/errno.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import {
  digestFile,
  PACK_MANIFEST,
  type PackedFile,
  type PackManifest,
  parsePackManifest,
} from '../pack/index.ts';

/**
 * Reads a packed release and checks every file against its manifest.
 * @throws CodexRuntimeError `DAMAGED` when a file is missing or changed; `USAGE` when `directory`
 * is not a packed release; `ABORTED`
 */
export async function loadRelease(
  directory: string,
  signal: AbortSignal | undefined,
  onProgress?: OnProgress,
): Promise<PackManifest> {
  const path = join(directory, PACK_MANIFEST);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw diskError(error, 'read', path);
    throw new CodexRuntimeError('USAGE', `${directory} is not a packed release.`, {
      hint: 'Name the directory that "codex-runtime pack --out" wrote.',
      fields: { path: directory },
    });
  });
  const release = parsePackManifest(text, path);
  const total = bytesOf(release.files);
  let done = 0;
  for (const file of release.files) {
    await verifyFile(directory, file, signal);
    done += file.size;
    onProgress?.({ type: 'working', what: 'Checking', done, total });
  }
  return release;
}

/** The bytes of all these files. */
export function bytesOf(files: readonly PackedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

async function verifyFile(
  directory: string,
  file: PackedFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = join(directory, file.path);
  const actual = await digestFile(path, signal);
  if (actual.sha256 === file.sha256 && actual.integrity === file.integrity) return;
  throw new CodexRuntimeError('DAMAGED', `${path} has changed since it was packed.`, {
    hint: 'Pack the release again.',
    fields: { path, expected: file.sha256, actual: actual.sha256 },
  });
}
