import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { exists } from '../disk/exists.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { homeLayout, workIfFree } from '../store/index.ts';
import { treeSize } from './tree-size.ts';

/** What construction and removal name their directories: `<version>_<target>.<uuid>`. */
const OURS = /^(.+_[a-z0-9_-]+)\.[0-9a-f]{8}-[0-9a-f-]{27}(\.replaced)?$/;

/**
 * Removes what killed processes left under construction. Whoever has a runtime's hold is alone,
 * so its other directories are dead; where another process has it, they are at work.
 * @returns the paths that went (with `dryRun`: that would go), and the bytes that they freed
 */
export async function pruneStaging(
  home: string,
  dryRun: boolean,
  signal: AbortSignal | undefined,
): Promise<{ readonly paths: readonly string[]; readonly freed: number }> {
  const { staging, holds } = homeLayout(home);
  const paths: string[] = [];
  let freed = 0;
  for (const name of await readdir(staging).catch(() => [])) {
    const hold = OURS.exec(name)?.[1];
    if (hold === undefined) continue;
    const path = join(staging, name);
    const remove = async () => {
      const { own } = await treeSize(path);
      if (!dryRun) {
        await removeTree(path).catch((error: unknown) => {
          throw diskError(error, 'remove what was under construction', path);
        });
      }
      paths.push(path);
      freed += own;
    };
    if (dryRun) {
      if (!(await exists(join(holds, `${hold}.lock`)))) await remove();
    } else await workIfFree(join(holds, hold), remove, signal);
  }
  return { paths, freed };
}
