import type { ExactRequest } from '../exact-request.ts';
import {
  clearDeadLock,
  clearStaging,
  findStored,
  homeLayout,
  lockPath,
  tidyLocked,
} from '../store/index.ts';

/**
 * Removes what a run left that was killed while it held the runtime's lock: the lock, what it had
 * under construction, and its download. For whoever finds that there is nothing to do; a home that
 * cannot be written to, or in which another process is at work, stays as it is.
 */
export async function sweepKilledRun(request: ExactRequest): Promise<void> {
  const { home } = request.settings;
  const name = { version: request.version.semver, target: request.target.triple };
  const path = lockPath(home, name.version, name.target);
  if (!(await clearDeadLock(path))) return;
  await tidyLocked(path, async (lock) => {
    const stored = await findStored(home, request);
    // Then what lies there may be all that there is: the next run that needs it brings it back.
    if (stored === undefined) return;
    await clearStaging(home, name, lock);
    const { partialId, removeAbandoned } = await import('../download/index.ts');
    const { verified } = stored.manifest.origin;
    await removeAbandoned(homeLayout(home).partial, partialId(verified));
  });
}
