import { stat } from 'node:fs/promises';
import type { Asset } from '../asset.ts';
import { hashFile } from '../disk/hash-file.ts';

/**
 * Size and SHA-256 of a file if it is the asset: of the right size, and with every digest that
 * vouches for it. Null when it is not there or is anything else. Throws the native error of reading.
 */
export async function findAssetFile(
  path: string,
  asset: Pick<Asset, 'digests' | 'size'>,
  signal: AbortSignal | undefined,
): Promise<{ readonly size: number; readonly sha256: string } | null> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isFile() !== true || asset.digests.length === 0) return null;
  // Saves reading it; the digests decide.
  if (asset.size !== null && asset.size !== stats.size) return null;
  const needs512 = asset.digests.some(({ algorithm }) => algorithm === 'sha512');
  const hashed = await hashFile(path, needs512 ? ['sha256', 'sha512'] : ['sha256'], signal);
  const right = asset.digests.every(
    ({ algorithm, hex }) => hashed[algorithm]?.toString('hex') === hex,
  );
  return right ? { size: stats.size, sha256: hashed.sha256.toString('hex') } : null;
}
