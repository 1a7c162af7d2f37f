import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskError } from '../disk/disk-error.ts';
import { listNames } from '../disk/list-names.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { parsePart } from './claim.ts';

/** Names that downloads give their files and working directories; not all of them tell whose they are. */
const OURS = /^((sha256|sha512)-[0-9a-f]{64,128}\.|gh-)/;
/** A download that writes nothing for so long is not running. */
const SILENCE_MS = 2000;

/**
 * Removes what interrupted downloads left and have not touched for `olderThan` ms. What belongs to
 * a running process stays, whatever its age; one of another machine or container cannot be asked,
 * and counts as running while its files change.
 *
 * @param dir The directory of partial files; nothing else in it is touched. May be missing.
 * @param options With `dryRun` everything stays, and the answer is what would be freed.
 * @returns the bytes that were freed
 */
export async function prunePartials(
  dir: string,
  olderThan: number,
  options: { readonly dryRun?: boolean } = {},
): Promise<number> {
  const old: Left[] = [];
  for (const name of await listNames(dir)) {
    if (!OURS.test(name)) continue;
    const presence = parsePart(name)?.presence ?? 'unknown';
    if (presence === 'here') continue;
    const left = await lookAt(join(dir, name), presence === 'unknown');
    if (left !== undefined && Date.now() - left.mtimeMs >= olderThan) old.push(left);
  }
  if (old.some(({ doubtful }) => doubtful)) await sleep(SILENCE_MS);
  let freed = 0;
  for (const left of old) {
    const now = left.doubtful ? await lookAt(left.path, true) : left;
    if (now?.mtimeMs !== left.mtimeMs || now.size !== left.size) continue;
    freed += left.size;
    if (options.dryRun === true) continue;
    await removeTree(left.path).catch((error: unknown) => {
      throw diskError(error, 'remove an interrupted download', left.path);
    });
  }
  return freed;
}

interface Left {
  readonly path: string;
  readonly mtimeMs: number;
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Whether its owner cannot be asked. */
  readonly doubtful: boolean;
}

async function lookAt(path: string, doubtful: boolean): Promise<Left | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  return { path, mtimeMs: stats.mtimeMs, size: stats.isFile() ? stats.size : 0, doubtful };
}
