import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DIR_CHECKSUMS, parseChecksums } from '../channels/index.ts';
import { diskError } from '../disk/disk-error.ts';
import { exists } from '../disk/exists.ts';
import { replaceFile } from '../disk/replace-file.ts';
import type { DownloadedAsset } from './bring-asset.ts';

/**
 * Lists the assets in the directory's `SHA256SUMS`, beside what it says of other files that are still
 * there.
 * @throws CodexRuntimeError the disk's own failures
 */
export async function listChecksums(
  dir: string,
  assets: readonly Pick<DownloadedAsset, 'name' | 'sha256'>[],
): Promise<void> {
  const path = join(dir, DIR_CHECKSUMS);
  const sums = new Map(parseChecksums(await readFile(path, 'utf8').catch(() => '')));
  for (const name of sums.keys()) {
    if (!(await exists(join(dir, name)))) sums.delete(name);
  }
  for (const { name, sha256 } of assets) sums.set(name, sha256);
  const lines = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = lines.map(([name, sha256]) => `${sha256}  ${name}\n`).join('');
  try {
    await replaceFile(path, text);
  } catch (error) {
    throw diskError(error, 'list the checksums', path, 'out');
  }
}
