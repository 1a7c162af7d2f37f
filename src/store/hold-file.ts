import { randomUUID } from 'node:crypto';
import { readFileSync, stat, unlinkSync, utimes } from 'node:fs';
import { readFile, stat as statOf, writeFile } from 'node:fs/promises';
import { callbackify } from 'node:util';
import { isErrno } from '../disk/errno.ts';
import { exists } from '../disk/exists.ts';
import { removeFile, untilUnblocked } from '../disk/until-unblocked.ts';
import { asJsonObject } from '../json.ts';
import { tryParseJson } from '../json-bounds.ts';
import { isProcessGone, PROCESS_SPACE } from '../process-space.ts';

/** Who holds a lock. */
interface HoldOwner {
  readonly pid: number;
  /** Names the space in which `pid` means something: machine, boot and process namespace. */
  readonly space: string;
  /** Tells this process from an earlier one of the same number. */
  readonly token: string;
}

const SELF: HoldOwner = { pid: process.pid, space: PROCESS_SPACE, token: randomUUID() };

/**
 * proper-lockfile locks by making a directory. Here it makes a file: what it holds names the owner,
 * one call ends it, and only its owner's call does. A process that was paused while another took
 * its lock over must not remove that one's.
 */
export const HOLD_FILES = {
  mkdir: callbackify(createOwned),
  rmdir: callbackify(async (path: string) => {
    if (await isOwn(path)) await removeFile(path);
  }),
  rmdirSync(path: string): void {
    if (parseOwner(read(path))?.token === SELF.token) unlinkSync(path);
  },
  stat,
  utimes,
};

/** Whether this process still holds the lock. */
export async function isOwn(path: string): Promise<boolean> {
  return (await loadOwner(path))?.token === SELF.token;
}

/**
 * Removes a lock that nobody keeps: of a process of this machine that has ended, or of any that has
 * not renewed it for `silenceMs`. Returns whether it did.
 */
export async function evictOwner(path: string, silenceMs: number): Promise<boolean> {
  if (!(await isAbandoned(path, silenceMs))) return false;
  const guard = guardPath(path);
  if (!(await takeGuard(guard, silenceMs))) return false;
  try {
    // Under the guard nobody else evicts: a lock that is abandoned now is still the same one when it
    // is removed, and not one that somebody has just taken.
    if (!(await isAbandoned(path, silenceMs))) return false;
    await removeFile(path);
    return true;
  } finally {
    await removeFile(guard);
  }
}

/** Removes what an evictor left that was killed. Whoever has got the lock may do so. */
export async function clearGuard(path: string): Promise<void> {
  await removeFile(guardPath(path));
}

async function createOwned(path: string): Promise<void> {
  try {
    // Windows keeps the name of a removed file for as long as another process reads it.
    await untilUnblocked(() => writeFile(path, JSON.stringify(SELF), { flag: 'wx' }));
  } catch (error) {
    // A full disk takes the name and not the content.
    if (!isErrno(error, 'EEXIST')) await removeFile(path);
    throw error;
  }
}

async function takeGuard(guard: string, silenceMs: number): Promise<boolean> {
  try {
    await writeFile(guard, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    if (await isSilent(guard, silenceMs)) await removeFile(guard);
    return false;
  }
}

/** A lock that is there. */
export interface HoldState {
  /** The holder's; null where it is a process of another machine, or unknown. */
  readonly pid: number | null;
  /**
   * `silent`: its holder exists and has not renewed it, because it is stopped. `gone`: its holder
   * has ended. Both may be taken over.
   */
  readonly state: 'held' | 'silent' | 'gone';
}

/** Who holds the lock at `path`; undefined where there is none. Changes nothing. */
export async function inspectHold(path: string, silenceMs: number): Promise<HoldState | undefined> {
  const owner = await loadOwner(path);
  const silent = await isSilent(path, silenceMs);
  if (owner?.space === PROCESS_SPACE) {
    const { pid } = owner;
    if (isProcessGone(pid)) return { pid, state: 'gone' };
    return { pid, state: silent ? 'silent' : 'held' };
  }
  if (silent) return { pid: null, state: 'gone' };
  return (await exists(path)) ? { pid: null, state: 'held' } : undefined;
}

/** Whether there is a lock that somebody may take over. */
async function isAbandoned(path: string, silenceMs: number): Promise<boolean> {
  const lock = await inspectHold(path, silenceMs);
  return lock !== undefined && lock.state !== 'held';
}

async function isSilent(path: string, silenceMs: number): Promise<boolean> {
  const stats = await statOf(path).catch(() => undefined);
  return stats !== undefined && stats.mtimeMs < Date.now() - silenceMs;
}

async function loadOwner(path: string): Promise<HoldOwner | undefined> {
  return parseOwner(await untilUnblocked(() => readFile(path, 'utf8')).catch(() => ''));
}

function parseOwner(text: string): HoldOwner | undefined {
  const { pid, space, token } = asJsonObject(tryParseJson(text));
  if (typeof pid !== 'number' || typeof space !== 'string' || typeof token !== 'string') {
    return undefined;
  }
  return { pid, space, token };
}

function guardPath(path: string): string {
  return `${path}.evict`;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
