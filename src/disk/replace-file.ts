import { open, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { presenceOf, thisProcess } from './owner.ts';
import { shortSha256 } from './short-sha256.ts';
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

let made = 0;

/** Beside the file, named after who makes it: the next run can ask whether that one is still there. */
function freshPath(path: string): string {
  const { pid, started, space } = thisProcess();
  made += 1;
  return `${path}.${pid}-${started ?? ''}-${shortName(space)}-${made}.new`;
}

const FRESH = /^\.(\d+)-(\d*)-([0-9a-f]{16})-\d+\.new$/;

async function removeLeft(path: string): Promise<void> {
  const name = basename(path);
  const own = thisProcess().space;
  for (const entry of await readdir(dirname(path)).catch(() => [])) {
    if (!entry.startsWith(name)) continue;
    const [, pid, started, space] = FRESH.exec(entry.slice(name.length)) ?? [];
    if (pid === undefined || space !== shortName(own)) continue;
    const owner = { pid: Number(pid), started: started || null, space: own };
    if (presenceOf(owner) !== 'gone') continue;
    await removeFile(join(dirname(path), entry)).catch(() => undefined);
  }
}

function shortName(space: string): string {
  return shortSha256(space).slice(0, 16);
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
