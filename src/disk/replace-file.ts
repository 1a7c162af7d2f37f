import { open, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isLeft, ownedName } from './owned-name.ts';
import { syncDirectory } from './sync-directory.ts';
import { movePath, removeFile } from './until-unblocked.ts';

/**
 * Replaces a file in one step; one that says the same already is left alone. What killed runs left
 * of their own attempts is removed, also where nothing has to be written. Throws the native error.
 * @param mode less what the umask takes away
 * @returns whether it changed
 */
export async function replaceFile(path: string, text: string, mode = 0o666): Promise<boolean> {
  await removeLeft(path);
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return false;
  const fresh = freshPath(path);
  try {
    await writeNew(fresh, text, mode);
    await movePath(fresh, path);
  } finally {
    await removeFile(fresh);
  }
  // Some file systems cannot flush a directory; the file is in place all the same.
  await syncDirectory(dirname(path)).catch(() => undefined);
  return true;
}

const FRESH = '.new';

/** Beside the file, named after who makes it. */
function freshPath(path: string): string {
  return `${path}.${ownedName()}${FRESH}`;
}

async function removeLeft(path: string): Promise<void> {
  const start = `${basename(path)}.`;
  for (const entry of await readdir(dirname(path)).catch(() => [])) {
    if (!entry.startsWith(start) || !entry.endsWith(FRESH)) continue;
    if (!isLeft(entry.slice(start.length, -FRESH.length))) continue;
    await removeFile(join(dirname(path), entry)).catch(() => undefined);
  }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
