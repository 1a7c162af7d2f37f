import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../disk/write-all.ts';
import { returnMemory } from './byte-queue.ts';

/** Bytes that may wait for the disk before the download waits too. */
const HELD_BYTES = 2 * 2 ** 20;

/** Writes one chunk after the other, beside the download: what came during one write goes in the next. */
export interface AppendWriter {
  /** Takes a chunk; when a promise comes back, wait for it: it also tells of earlier failures. */
  append(chunk: Buffer): Promise<void> | undefined;
  /** Resolves when everything taken is in the file. */
  flush(): Promise<void>;
}

/** @param start Where in the file the first chunk goes. */
export function createAppendWriter(file: FileHandle, start: number): AppendWriter {
  let position = start;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let writing: Promise<void> | undefined;
  let failed: { readonly error: unknown } | undefined;

  const drain = async (): Promise<void> => {
    try {
      while (held.length > 0) {
        const batch = held;
        held = [];
        heldBytes = 0;
        position = await writeBatch(file, batch, position);
        for (const { buffer } of batch) returnMemory(buffer);
      }
    } catch (error) {
      failed = { error };
      held = [];
    }
    writing = undefined;
  };
  const flush = async (): Promise<void> => {
    await writing;
    if (failed !== undefined) throw failed.error;
  };
  return {
    flush,
    append(chunk) {
      if (failed !== undefined) return flush();
      held.push(chunk);
      heldBytes += chunk.length;
      writing ??= drain();
      return heldBytes > HELD_BYTES ? flush() : undefined;
    },
  };
}

/** Returns where the batch ended. */
async function writeBatch(
  file: FileHandle,
  batch: readonly Buffer[],
  position: number,
): Promise<number> {
  const end = position + batch.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await file.writev(batch, position);
  const written = position + bytesWritten;
  if (written < end) await writeAll(file, Buffer.concat(batch).subarray(bytesWritten), written);
  return end;
}
