import type { ArchiveDigest } from './archive-file.ts';
import { BLOCK_SIZE, type BlockCompressor, type DeflatedBlock } from './deflate-pool.ts';

/** A member of an archive: where it goes, how it may be used, how long it is. */
export interface ArchiveEntry {
  /** Relative to the package's root, with `/`. */
  readonly path: string;
  /** 0o755 or 0o644. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
}

/**
 * An archive that takes members one after another, each as blocks that are compressed already: so
 * one compression of a file serves every archive that holds it.
 */
export interface ArchiveWriter {
  begin(entry: ArchiveEntry): Promise<void>;
  add(block: DeflatedBlock): Promise<void>;
  end(): Promise<void>;
  /** Writes what closes the archive; the file is complete afterwards. */
  finish(): Promise<ArchiveDigest>;
  /** Closes the file as it is, after a failure. */
  abandon(): Promise<void>;
}

/** Adds a small member from memory. */
export async function addContent(
  writer: ArchiveWriter,
  pool: BlockCompressor,
  file: { readonly path: string; readonly mode: number; readonly content: Buffer },
): Promise<void> {
  const { path, mode, content } = file;
  await writer.begin({ path, mode, size: content.length });
  for (let at = 0; at < content.length; at += BLOCK_SIZE) {
    await writer.add(await pool.deflate(content.subarray(at, at + BLOCK_SIZE)));
  }
  await writer.end();
}
