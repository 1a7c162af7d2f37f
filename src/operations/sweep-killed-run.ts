import type { ExactRequest } from '../request/index.ts';
import {
  clearDeadHold,
  clearStaging,
  findStored,
  holdPath,
  homeLayout,
  tidyHeld,
} from '../store/index.ts';

/**
 * Removes what a run left that was killed while it held the runtime's lock: the lock, what it had
 * under construction, and its download. For runs that have nothing else to do; a home that cannot be
 * written to, or in which another process works, stays as it is.
 */
export async function sweepKilledRun(request: ExactRequest): Promise<void> {
  const { home } = request.settings;
  const name = { version: request.version.semver, target: request.target.triple };
  const path = holdPath(home, name.version, name.target);
  if (!(await clearDeadHold(path))) return;
  await tidyHeld(path, async (hold) => {
    const stored = await findStored(home, request);
    // Then what is under construction may hold the only copy; the next run that needs it restores it.
    if (stored === undefined) return;
    await clearStaging(home, name, hold);
    const { partialId, removeLeftParts } = await import('../fetch/index.ts');
    const { verified } = stored.manifest.origin;
    await removeLeftParts(homeLayout(home).partial, partialId(verified), { held: true });
  });
}
