import { basename, join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { listNames } from '../disk/list-names.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { holdState, homeLayout, stagingHold, workIfFree } from '../store/index.ts';
import { treeSize } from './tree-size.ts';

/**
 * Removes what killed processes left under construction, and their holds. Whoever has a hold is
 * alone, so the directories that it is for are dead; where another process has it, they are at work.
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
  for (const name of await listNames(staging)) {
    const hold = stagingHold(name);
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
      if ((await holdState(join(holds, hold)))?.state !== 'held') await remove();
    } else await workIfFree(join(holds, hold), remove, signal);
  }
  if (!dryRun) await clearDeadHolds(holds, signal);
  return { paths, freed };
}

/** A run may be killed before it made anything, or after it had cleared up. */
async function clearDeadHolds(holds: string, signal: AbortSignal | undefined): Promise<void> {
  const files = await listNames(holds);
  for (const file of files.filter((name) => name.endsWith('.lock'))) {
    await workIfFree(join(holds, basename(file, '.lock')), async () => undefined, signal);
  }
}
