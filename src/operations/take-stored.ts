import type { ExactRequest } from '../request.ts';
import { clearDeadLock, findStored, lockPath, type Runtime } from '../store/index.ts';
import { noteUse } from '../store/last-used.ts';

/**
 * The stored runtime that is wanted, for use; undefined where it has to be fetched. Needs nothing
 * of what fetches, because the store answers most runs.
 */
export async function takeStored(request: ExactRequest): Promise<Runtime | undefined> {
  const { force, settings, version, target } = request;
  const stored = force ? undefined : await findStored(settings.home, request);
  if (stored === undefined) return undefined;
  await noteUse(settings.home, stored.manifest);
  // Whoever stored it may have been killed just after that.
  await clearDeadLock(lockPath(settings.home, version.semver, target.triple));
  return stored;
}
