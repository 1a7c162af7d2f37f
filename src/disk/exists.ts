import { lstat } from 'node:fs/promises';

/** Whether something has that name; a link counts, wherever it leads. */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
