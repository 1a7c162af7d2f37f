import { rename, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { isErrno } from './errno.ts';

/** What Windows answers while another program has the file open. */
const BLOCKED = ['EPERM', 'EACCES', 'EBUSY'] as const;
const PATIENCE_MS = 5000;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

export interface Patience {
  /** Node's `process.platform`. Default: this machine's. */
  readonly platform?: string | undefined;
  /** How long a blocked call is tried again. Default: five seconds. */
  readonly patienceMs?: number | undefined;
}

/**
 * Tries a call again while another program blocks it. Windows refuses to rename or remove a file
 * that is open elsewhere, and an editor, an indexer or an antivirus opens new files for a moment.
 * On other systems the same errors are final, and thrown at once.
 */
export async function untilUnblocked<T>(
  call: () => Promise<T>,
  { platform = process.platform, patienceMs = PATIENCE_MS }: Patience = {},
): Promise<T> {
  // Asked for late: `performance` takes Node longer to load than most calls take.
  let end: number | undefined;
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      if (!isInUse(error, platform)) throw error;
      end ??= performance.now() + patienceMs;
      if (performance.now() >= end) throw error;
    }
    await pause(wait);
  }
}

/** Whether it is Windows' answer for a file that another program runs or has open. */
function isInUse(error: unknown, platform: string = process.platform): boolean {
  return platform === 'win32' && isErrno(error, ...BLOCKED);
}

/** For `catch`: on Windows what is in use goes with a later run; everything else is thrown again. */
export function unlessInUse(error: unknown): undefined {
  if (!isInUse(error)) throw error;
}

/** Renames, with second tries. Throws the native error. */
export async function movePath(from: string, to: string, patience?: Patience): Promise<void> {
  await untilUnblocked(() => rename(from, to), patience);
}

/** Removes a file or a link, with second tries; a missing one needs no work. Throws the native error. */
export async function removeFile(path: string, patience?: Patience): Promise<void> {
  await untilUnblocked(() => rm(path, { force: true }), patience);
}

/** A tenth of a second, two, three: what a child has started may end after the child. */
const STILL_WRITTEN_RETRIES = 3;

/**
 * As {@link removeFile}, and a directory with all that it holds.
 * @param patience `stillWritten`: another program may be putting files there
 */
export async function removeTree(
  path: string,
  { stillWritten = false, ...patience }: Patience & { readonly stillWritten?: boolean } = {},
): Promise<void> {
  const maxRetries = stillWritten ? STILL_WRITTEN_RETRIES : 0;
  await untilUnblocked(() => rm(path, { recursive: true, force: true, maxRetries }), patience);
}

/** To remove what nobody needs any more is worth a moment, and no more: a later run tries again. */
const SHORT_PATIENCE_MS = 500;

/**
 * Removes a directory that nobody needs any more, if it can be removed now: it cannot while a program
 * writes there, nor on Windows while one runs from it. Throws the native error of everything else.
 * @returns whether it is gone
 */
export async function tryRemoveTree(path: string): Promise<boolean> {
  try {
    await removeTree(path, { patienceMs: SHORT_PATIENCE_MS, stillWritten: true });
    return true;
  } catch (error) {
    if (!isErrno(error, ...BLOCKED, 'ENOTEMPTY')) throw error;
    return false;
  }
}
