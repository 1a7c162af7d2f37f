import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../disk/exists.ts';
import { movePath } from '../disk/until-unblocked.ts';
import { workOnce } from '../store/index.ts';
import { movedAside } from './relink.ts';

/** A switch is two renames; a holder that lives is done with them long before. */
const PATIENCE_MS = 5000;

export interface Switch {
  /** What is to be at this path. */
  readonly path: string;
  /** Directories where a switch moves aside what was there. */
  readonly builds: readonly string[];
  /** The hold under which the switch is made. */
  readonly hold: () => Promise<string>;
}

/**
 * Where a switch takes two renames, a kill between them leaves nothing at `path`: then what was
 * moved aside is brought back. A living process that is in the middle of its switch is waited for.
 * @returns whether something is at `path` now that was not there before
 */
export async function healSwitch({ path, builds, hold }: Switch): Promise<boolean> {
  if ((await exists(path)) || (await lastMovedAside(path, builds)) === undefined) return false;
  const restored = await workOnce({
    path: await hold(),
    ready: async () => ((await exists(path)) ? true : undefined),
    work: async () => {
      const old = await lastMovedAside(path, builds);
      if (old === undefined) return false;
      await movePath(old, path);
      return true;
    },
    timeoutMs: PATIENCE_MS,
    onWait: () => undefined,
    signal: undefined,
    // Where nothing can be written the package stays lost, and is told so.
  }).catch(() => false);
  return restored;
}

/** An older one may be left whose files could not be removed then. */
async function lastMovedAside(path: string, builds: readonly string[]) {
  const found: { readonly old: string; readonly moved: number }[] = [];
  for (const dir of builds) {
    const names = await readdir(dir).catch(() => []);
    for (const name of names.filter((entry) => entry.endsWith(movedAside(path)))) {
      const old = join(dir, name);
      const stats = await lstat(old).catch(() => undefined);
      if (stats !== undefined) found.push({ old, moved: stats.ctimeMs });
    }
  }
  return found.toSorted((a, b) => b.moved - a.moved)[0]?.old;
}
