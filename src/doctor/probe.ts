import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isLeft, ownedName } from '../disk/owned-name.ts';
import { removeTree } from '../disk/until-unblocked.ts';

const PROBE = '.codex-runtime-';

/**
 * Makes a directory of ours for as long as the work takes: only the attempt tells what a file system
 * allows. What a killed doctor left of its own goes first. Throws the native error.
 */
export async function inProbe<T>(dir: string, work: (probe: string) => Promise<T>): Promise<T> {
  for (const name of await readdir(dir).catch(() => [])) {
    if (!name.startsWith(PROBE) || !isLeft(name.slice(PROBE.length))) continue;
    await removeTree(join(dir, name)).catch(() => undefined);
  }
  const probe = join(dir, `${PROBE}${ownedName()}`);
  await mkdir(probe);
  try {
    return await work(probe);
  } finally {
    await removeTree(probe);
  }
}
