import { lstatSync } from 'node:fs';

/**
 * Whether something has that name; a link counts, wherever it leads. Synchronous inside, as one look
 * costs less than the thread pool and `fs/promises` take.
 */
export async function exists(path: string): Promise<boolean> {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
