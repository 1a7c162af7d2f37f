import { lstat, mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listNames } from '../disk/list-names.ts';
import { removeFile } from '../disk/until-unblocked.ts';
import { homeLayout, type RuntimeKey } from './layout.ts';
import { MANIFEST_NAME } from './load-manifest.ts';
import type { Runtime } from './manifest.ts';

/**
 * Notes that a stored runtime was used, for `prune`: the time of an empty file beside the store,
 * because the runtime itself never changes and access times are often not kept. One system call.
 * A failure is ignored: a home that cannot be written to can still be used.
 */
export async function noteUse(home: string, key: RuntimeKey): Promise<void> {
  const path = notePath(home, key);
  const now = new Date();
  await utimes(path, now, now).catch(() => firstUse(path));
}

/** When a runtime was last taken from the store; its arrival counts as well. */
export async function lastUsed(home: string, { dir, manifest }: Runtime): Promise<Date> {
  const times = await Promise.all(
    [notePath(home, manifest), join(dir, MANIFEST_NAME)].map((path) =>
      lstat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return new Date(Math.max(...times));
}

/** Removes the notes of runtimes that are not in the store any more, as far as it can. */
export async function forgetUses(home: string, present: readonly RuntimeKey[]): Promise<void> {
  const { used } = homeLayout(home);
  const known = new Set(present.map((key) => notePath(home, key)));
  for (const name of await listNames(used)) {
    const path = join(used, name);
    if (!known.has(path)) await removeFile(path).catch(() => undefined);
  }
}

async function firstUse(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
  } catch {
    // Read-only, or full: to `prune` the runtime then looks unused; links and prefixes protect it.
    return;
  }
}

function notePath(home: string, { version, target, variant }: RuntimeKey): string {
  return join(homeLayout(home).used, `${version}_${target}_${variant}`);
}
