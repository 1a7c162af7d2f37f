import { dirname } from 'node:path';
import { pause, throwIfAborted } from '../abort.ts';
import { diskError } from '../disk/disk-error.ts';
import { isErrno } from '../disk/errno.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { CodexRuntimeError } from '../errors.ts';
import {
  clearGuard,
  evictOwner,
  HOLD_FILES,
  type HoldState,
  inspectHold,
  isOwn,
} from './hold-file.ts';

/**
 * A holder renews its lock every second; one that has not for two is dead or paused. A paused one
 * that wakes up finds its work superseded: it works in a directory of its own, a commit is a
 * rename, and a failure after its lock was taken away is no failure of the work.
 */
const SILENCE_MS = 2000;
const RENEW_MS = 1000;
const POLL_MS = 50;
/** How often the work is begun again after the lock was lost. */
const MAX_LOSSES = 3;

/** The lock as its holder sees it. */
export interface Hold {
  /**
   * Throws if the lock was taken away meanwhile, so that the work is begun again. To be called
   * between listing what to remove and removing it: when it returns, nothing on the list belongs
   * to a later holder.
   */
  verifyHeld(): Promise<void>;
}

export interface HoldRequest<T> {
  /** Absolute path; `<path>.lock` is the lock. */
  readonly path: string;
  /**
   * Asked before each attempt: the result, if the present holder has produced it meanwhile.
   * Default: every caller does the work itself.
   */
  readonly ready?: () => Promise<T | undefined>;
  /** Does the work while the lock is held; called again if it fails after losing the lock. */
  readonly work: (hold: Hold) => Promise<T>;
  /** Called once, when somebody else holds the lock. */
  readonly onWait?: () => void;
  /** Default: ten minutes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lets one of many processes do a piece of work and the others take its result.
 * @throws CodexRuntimeError `STORE_BUSY` after `timeoutMs`; `ABORTED`; `DISK_FULL`,
 * `PERMISSION_DENIED` or `INSTALL_FAILED` when there can be no lock; what `work` throws
 */
export async function workOnce<T>(request: HoldRequest<T>): Promise<T> {
  const deadline = Date.now() + (request.timeoutMs ?? 600_000);
  const file = `${request.path}.lock`;
  let waiting = false;
  let losses = 0;
  for (;;) {
    throwIfAborted(request.signal);
    const finished = await request.ready?.();
    if (finished !== undefined) {
      await clearDeadHold(request.path);
      return finished;
    }
    const release = await tryHold(file);
    if (release !== undefined) {
      const last = losses === MAX_LOSSES;
      const worked = await workHeld({ request, file, release, last });
      if (worked !== LOST) return worked;
      losses += 1;
      continue;
    }
    if (!waiting) request.onWait?.();
    waiting = true;
    if (Date.now() > deadline) {
      throw new CodexRuntimeError(
        'STORE_BUSY',
        `Another process has held ${request.path} too long.`,
        {
          hint: 'Find the other codex-runtime and end it, or run again later.',
          fields: { path: request.path },
        },
      );
    }
    // Jitter keeps many waiters from asking in step.
    await pause(POLL_MS + Math.random() * POLL_MS, request.signal);
  }
}

/** Tidying is no reason to wait for a run that works. */
const TIDY_PATIENCE_MS = 200;

/**
 * Clears away what a killed run left, when there is nothing else to do. A convenience: where the
 * lock is taken, or `work` fails, as in a directory that cannot be written to, nothing is reported.
 * @param path as {@link HoldRequest.path}
 */
export async function tidyHeld(path: string, work: (hold: Hold) => Promise<void>): Promise<void> {
  await workOnce({ path, work, timeoutMs: TIDY_PATIENCE_MS }).catch(() => undefined);
}

const LOST = Symbol('the lock was taken away while the work went on');

async function workHeld<T>({
  request,
  file,
  release,
  last,
}: {
  readonly request: HoldRequest<T>;
  readonly file: string;
  readonly release: () => Promise<void>;
  readonly last: boolean;
}): Promise<T | typeof LOST> {
  const verifyHeld = async () => {
    if (await isOwn(file)) return;
    throw new CodexRuntimeError('STORE_BUSY', `Another process took ${request.path} over.`, {
      hint: 'This process was paused for long. Run the command again.',
      fields: { path: request.path },
    });
  };
  try {
    // The holder before us may have finished between our question and our lock.
    return (await request.ready?.()) ?? (await request.work({ verifyHeld }));
  } catch (error) {
    if (last || (await isOwn(file))) throw error;
    return LOST;
  } finally {
    await release();
  }
}

async function tryHold(file: string): Promise<(() => Promise<void>) | undefined> {
  // Loaded here, because most runs find everything in place and lock nothing.
  const { lock } = await import('proper-lockfile');
  try {
    await makeDirectory(dirname(file));
    const release = await lock(file, {
      lockfilePath: file,
      fs: HOLD_FILES,
      // Evicting is ours: it must be one process's at a time, and know the dead from the silent.
      stale: Number.POSITIVE_INFINITY,
      update: RENEW_MS,
      realpath: false,
      // Losing the lock loses only the right to be alone; see SILENCE_MS.
      onCompromised: () => undefined,
    });
    await clearGuard(file);
    // A lock file that cannot be removed goes stale by itself; the work is done either way.
    return () => release().catch(() => undefined);
  } catch (error) {
    if (!isErrno(error, 'ELOCKED')) throw diskError(error, 'take the lock', file);
    // Tried again at once: `timeoutMs` limits the wait for live holders, not for dead ones.
    return (await evictOwner(file, SILENCE_MS)) ? await tryHold(file) : undefined;
  }
}

/**
 * Removes the lock of a holder that is gone, after its work was found done. Failures are ignored.
 * @returns whether there was one: its holder may have left more
 */
export async function clearDeadHold(path: string): Promise<boolean> {
  return await evictOwner(`${path}.lock`, SILENCE_MS).catch(() => false);
}

/** {@link inspectHold} for the lock of {@link HoldRequest.path}. */
export async function holdState(path: string): Promise<HoldState | undefined> {
  return await inspectHold(`${path}.lock`, SILENCE_MS);
}
