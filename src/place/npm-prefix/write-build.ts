import { chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { throwIfAborted } from '../../abort.ts';
import { makeDirectory } from '../../disk/make-directory.ts';
import { syncDirectory } from '../../disk/sync-directory.ts';
import { writeSynced } from '../../disk/write-synced.ts';
import type { PackagePlan } from '../../package/stage/index.ts';
import { sealFiles } from '../../store/index.ts';
import { FilePlacer } from './place-file.ts';

export interface BuildRequest {
  readonly plan: PackagePlan;
  /** The package's directory. */
  readonly build: string;
  /** The directory of builds, above it; everything below this is new. */
  readonly within: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a build of a package into a new directory and syncs it. Files of the store are linked
 * where the file systems allow. Throws the native error.
 */
export async function writeBuild({ plan, build, within, signal }: BuildRequest): Promise<void> {
  const directories = new Set<string>();
  for (const { path } of plan.files) {
    for (let dir = dirname(join(build, path)); dir !== within; dir = dirname(dir)) {
      directories.add(dir);
    }
  }
  const ordered = [...directories].sort();
  for (const dir of ordered) {
    await makeDirectory(dir);
    // Modes are exact under any umask.
    await chmod(dir, 0o755);
  }
  const placer = new FilePlacer();
  await allOf(plan.files, async (file) => {
    throwIfAborted(signal);
    const path = join(build, ...file.path.split('/'));
    if ('content' in file) await writeSynced(path, file.content);
    else await placer.place(file.from, path, file.mode);
  });
  // Files from the store are sealed already.
  const written = plan.files.filter((file) => 'content' in file);
  await sealFiles(build, written);
  await allOf(ordered, syncDirectory);
}

/** Works on all items at once, as far as the thread pool goes; fails only when all have settled. */
async function allOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
