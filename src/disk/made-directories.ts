import { rmdir } from 'node:fs/promises';
import { exists } from './exists.ts';

/** Those of the directories that are not there yet, for {@link removeEmpty} if the work fails. */
export async function missingOf(dirs: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const dir of dirs) if (!(await exists(dir))) missing.push(dir);
  return missing;
}

/** Removes each directory that is empty, the deepest first; what is in use stays. */
export async function removeEmpty(dirs: readonly string[]): Promise<void> {
  for (const dir of [...dirs].sort().reverse()) await rmdir(dir).catch(() => undefined);
}
