import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isProcessGone, PROCESS_SPACE } from '../process-space.ts';

/**
 * Who holds a lock. proper-lockfile tells a dead holder by its silence, after two seconds at best;
 * on the same machine the holder's process id tells at once.
 */
interface LockOwner {
  readonly pid: number;
  /** Names the space in which `pid` means something: machine, boot and process namespace. */
  readonly space: string;
}

/** Notes this process as the holder of the lock `path`. */
export async function noteOwner(path: string): Promise<void> {
  const owner: LockOwner = { pid: process.pid, space: PROCESS_SPACE };
  await writeFile(ownerPath(path), JSON.stringify(owner));
}

/**
 * Takes the lock away from a holder that is known to be dead.
 * @param lockDir the directory that is the lock; it is moved, and only if it is still the one that
 * the dead holder made: another waiter may have been faster.
 */
export async function evictDeadOwner(path: string, lockDir: string): Promise<void> {
  const held = await inode(lockDir);
  if (held === undefined || !isDead(await loadOwner(path))) return;
  const evicted = `${lockDir}.${randomUUID()}`;
  const moved = await rename(lockDir, evicted).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await inode(evicted)) === held) await rm(evicted, { recursive: true, force: true });
  // It was a living holder's after all: give it back.
  else await rename(evicted, lockDir);
}

async function loadOwner(path: string): Promise<LockOwner | undefined> {
  const text = await readFile(ownerPath(path), 'utf8').catch(() => '');
  try {
    const { pid, space } = JSON.parse(text) as Record<string, unknown>;
    return typeof pid === 'number' && typeof space === 'string' ? { pid, space } : undefined;
  } catch {
    return undefined;
  }
}

function isDead(owner: LockOwner | undefined): boolean {
  return owner !== undefined && owner.space === PROCESS_SPACE && isProcessGone(owner.pid);
}

function ownerPath(path: string): string {
  return `${path}.owner`;
}

async function inode(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
