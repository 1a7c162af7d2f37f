import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { removeTree } from '../disk/until-unblocked.ts';

/** Names that downloads give their files and working directories. */
const OURS = /^((sha256|sha512)-[0-9a-f]{64,128}\.|gh-)/;

/**
 * Removes what interrupted downloads left and nobody has touched for `olderThan` ms; a running
 * download touches its file all the time. Returns the bytes that were freed.
 *
 * @param dir The directory of partial files; nothing else in it is touched. May be missing.
 * @param options With `dryRun` everything stays, and the answer is what would be freed.
 */
export async function prunePartials(
  dir: string,
  olderThan: number,
  options: { readonly dryRun?: boolean } = {},
): Promise<number> {
  let freed = 0;
  for (const name of await readdir(dir).catch(() => [])) {
    if (!OURS.test(name)) continue;
    const path = join(dir, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined || Date.now() - stats.mtimeMs < olderThan) continue;
    if (stats.isFile()) freed += stats.size;
    if (options.dryRun === true) continue;
    await removeTree(path).catch((error: unknown) => {
      throw diskError(error, 'remove an interrupted download', path);
    });
  }
  return freed;
}
