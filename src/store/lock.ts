import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { abortedError, isAbortError, throwIfAborted } from '../abort.ts';
import { diskError } from '../disk-error.ts';
import { CodexRuntimeError } from '../errors.ts';
import { evictDeadOwner, noteOwner } from './lock-owner.ts';

/**
 * A holder renews its lock every second; one that has not for two is dead (or paused, and then
 * finds its work superseded: a commit is a rename of a private directory, never a write in place).
 */
const STALE_MS = 2000;
const POLL_MS = 50;

export interface LockRequest<T> {
  /** Absolute path; `<path>.lock` is the directory that is the lock. */
  readonly path: string;
  /** Asked before each attempt: what the present holder may have finished meanwhile. */
  readonly ready: () => Promise<T | undefined>;
  /** Does the work while the lock is held. */
  readonly work: () => Promise<T>;
  /** Called once, when somebody else holds the lock. */
  readonly onWait?: () => void;
  /** Default: ten minutes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Lets one of many processes do a piece of work and the others take its result.
 * @throws CodexRuntimeError `STORE_BUSY` after `timeoutMs`; `ABORTED`; what `work` throws
 */
export async function workOnce<T>(request: LockRequest<T>): Promise<T> {
  const deadline = Date.now() + (request.timeoutMs ?? 600_000);
  await mkdir(dirname(request.path), { recursive: true }).catch((error: unknown) => {
    throw diskError(error, 'make the directory of locks', dirname(request.path));
  });
  let waiting = false;
  for (;;) {
    throwIfAborted(request.signal);
    const finished = await request.ready();
    if (finished !== undefined) return finished;
    const release = await tryLock(request.path);
    if (release !== undefined) return await workLocked(request, release);
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

async function workLocked<T>(request: LockRequest<T>, release: () => Promise<void>): Promise<T> {
  try {
    // The holder before us may have finished between our question and our lock.
    return (await request.ready()) ?? (await request.work());
  } finally {
    await release();
  }
}

async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  // Loaded here, because most runs find everything in place and lock nothing.
  const { lock } = await import('proper-lockfile');
  try {
    const release = await lock(path, {
      stale: STALE_MS,
      update: STALE_MS / 2,
      realpath: false,
      // Losing the lock loses only the right to be alone; see STALE_MS.
      onCompromised: () => undefined,
    });
    await noteOwner(path);
    return () => release().catch(ignoreLost);
  } catch (error) {
    if (codeOf(error) !== 'ELOCKED') throw diskError(error, 'take the lock', path);
    await evictDeadOwner(path, `${path}.lock`);
    return undefined;
  }
}

function ignoreLost(error: unknown): void {
  if (codeOf(error) !== 'ERELEASED' && codeOf(error) !== 'ENOTACQUIRED') throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw isAbortError(error) ? abortedError(error) : error;
  }
}
