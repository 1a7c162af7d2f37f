import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { errnoOf } from '../disk/errno.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { removeTree, tryRemoveTree } from '../disk/until-unblocked.ts';
import { isCodexRuntimeError } from '../errors.ts';
import { type Hold, workIfFree, workOnce } from './hold.ts';
import { homeLayout, type WorkKind } from './layout.ts';

export interface WorkDirectory {
  readonly home: string;
  readonly kind: WorkKind;
  readonly signal: AbortSignal | undefined;
}

/**
 * Lets `work` use an empty directory beside the store, which goes when it is done. A hold of the same
 * name says that it is in use, so what a killed run left is recognised: the next run of
 * its kind removes it, and so does `prune`.
 * @param work As of {@link HoldRequest.work}: done again if it fails after it lost its directory.
 * @throws CodexRuntimeError `DISK_FULL`, `PERMISSION_DENIED` or `INSTALL_FAILED` where there can be no
 * directory; `ABORTED`; what `work` throws
 */
export async function inWorkDirectory<T>(
  { home, kind, signal }: WorkDirectory,
  work: (directory: string, hold: Hold) => Promise<T>,
): Promise<T> {
  await clearWorkDirectories(home, kind, signal);
  const { staging, holds } = homeLayout(home);
  const name = `${kind}-${randomUUID()}`;
  const directory = join(staging, name);
  return await workOnce({
    path: join(holds, name),
    named: 'home',
    // Nobody else knows the name.
    onWait: () => undefined,
    signal,
    work: async (hold) => {
      try {
        await makeDirectory(staging);
        await mkdir(directory, { mode: 0o700 });
      } catch (error) {
        throw diskError(error, `make a directory for the ${kind}`, staging, 'home');
      }
      try {
        return await work(directory, hold);
      } finally {
        await tryRemoveTree(directory);
      }
    },
  });
}

/** What cannot be removed now is left to the next run: it is in nobody's way. */
async function clearWorkDirectories(
  home: string,
  kind: WorkKind,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { staging, holds } = homeLayout(home);
  const made = await readdir(staging).catch(() => []);
  // A run may be killed between its hold and its directory.
  const held = await readdir(holds).catch(() => []);
  const names = new Set([...made, ...held.map((file) => basename(file, '.lock'))]);
  for (const name of names) {
    if (!name.startsWith(`${kind}-`)) continue;
    try {
      await workIfFree(join(holds, name), () => removeTree(join(staging, name)), signal);
    } catch (error) {
      if (isCodexRuntimeError(error, 'ABORTED')) throw error;
      if (!isCodexRuntimeError(error) && errnoOf(error) === undefined) throw error;
    }
  }
}
