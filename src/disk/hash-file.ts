import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { throwIfAborted } from '../abort.ts';

const CHUNK_BYTES = 2 ** 20;

/**
 * Size and digests of a whole file.
 * @throws CodexRuntimeError `ABORTED`; the native error of reading
 */
export async function hashFile<Algorithm extends 'sha1' | 'sha256' | 'sha512'>(
  path: string,
  algorithms: readonly Algorithm[],
  signal: AbortSignal | undefined,
): Promise<{ readonly size: number } & Readonly<Record<Algorithm, Buffer>>> {
  throwIfAborted(signal);
  const hashes = algorithms.map((algorithm) => [algorithm, createHash(algorithm)] as const);
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    throwIfAborted(signal);
    size += chunk.length;
    for (const [, hash] of hashes) hash.update(chunk);
  }
  const digests = hashes.map(([algorithm, hash]) => [algorithm, hash.digest()] as const);
  return { size, ...(Object.fromEntries(digests) as Record<Algorithm, Buffer>) };
}
