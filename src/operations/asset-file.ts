import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Asset } from '../asset.ts';

/**
 * Size and SHA-256 of a file if it is the asset: of the right size, and with every digest that
 * vouches for it. Null when it is not there or is anything else. Throws the native error of reading.
 */
export async function findAssetFile(
  path: string,
  asset: Pick<Asset, 'digests' | 'size'>,
): Promise<{ readonly size: number; readonly sha256: string } | null> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isFile() !== true || asset.digests.length === 0) return null;
  // Saves reading it; the digests decide.
  if (asset.size !== null && asset.size !== stats.size) return null;
  const hashes = { sha256: createHash('sha256'), sha512: createHash('sha512') };
  const needed = asset.digests.some(({ algorithm }) => algorithm === 'sha512')
    ? [hashes.sha256, hashes.sha512]
    : [hashes.sha256];
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    for (const hash of needed) hash.update(chunk);
  }
  const actual = { sha256: hashes.sha256.digest('hex'), sha512: hashes.sha512.digest('hex') };
  const right = asset.digests.every(({ algorithm, hex }) => actual[algorithm] === hex);
  return right ? { size: stats.size, sha256: actual.sha256 } : null;
}
