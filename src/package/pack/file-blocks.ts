import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { diskError } from '../../disk/disk-error.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { BLOCK_SIZE, type BlockCompressor, type DeflatedBlock } from './deflate-pool.ts';

/** A file of a runtime, and what its manifest says of it. */
export interface SourceFile {
  /** Absolute path. */
  readonly from: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * Reads a file once and gives its blocks in order, compressed ahead on all threads. It ends without
 * an error only when size and digest are those of the manifest: a damaged store is never packed.
 * @throws CodexRuntimeError `DAMAGED`, or the disk's own failure
 */
export async function* deflateFile(
  file: SourceFile,
  pool: BlockCompressor,
): AsyncGenerator<DeflatedBlock, void, undefined> {
  const handle = await open(file.from).catch((error: unknown) => {
    throw diskError(error, 'read the runtime', file.from);
  });
  const hash = createHash('sha256');
  const queue: Promise<DeflatedBlock>[] = [];
  let before: Buffer | undefined;
  let position = 0;
  let ended = false;
  try {
    for (;;) {
      while (!ended && queue.length < pool.ahead) {
        const raw = await readBlock(handle, position, file.from);
        ended = raw.length < BLOCK_SIZE;
        if (raw.length === 0) break;
        position += raw.length;
        hash.update(raw);
        const block = pool.deflate(raw, before);
        // A failure is met where the block is awaited, which may be after another one's failure.
        block.catch(() => undefined);
        queue.push(block);
        before = raw;
      }
      const next = queue.shift();
      if (next === undefined) break;
      yield await next;
    }
    verifyDigest(file, position, hash.digest('hex'));
  } finally {
    await Promise.allSettled(queue);
    await handle.close();
  }
}

/** Exactly one block, or what is left: where blocks begin decides the compressed bytes. */
async function readBlock(handle: FileHandle, position: number, path: string): Promise<Buffer> {
  const block = Buffer.allocUnsafeSlow(BLOCK_SIZE);
  let filled = 0;
  while (filled < BLOCK_SIZE) {
    const { bytesRead } = await handle
      .read(block, filled, BLOCK_SIZE - filled, position + filled)
      .catch((error: unknown) => {
        throw diskError(error, 'read the runtime', path);
      });
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return block.subarray(0, filled);
}

function verifyDigest(file: SourceFile, size: number, sha256: string): void {
  if (size === file.size && sha256 === file.sha256) return;
  throw new CodexRuntimeError('DAMAGED', `${file.from} is not what its manifest says.`, {
    hint: 'Run "codex-runtime verify", then install this version again with --force.',
    fields: { path: file.from, expected: file.sha256, actual: sha256 },
  });
}
