import { dirname } from 'node:path';
import { pause, throwIfAborted } from '../abort.ts';
import { diskError, type NamedPlace } from '../disk/disk-error.ts';
import { errnoOf, isErrno } from '../disk/errno.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import {
  clearGuard,
  createHold,
  Evictor,
  type HeldFile,
  type HoldState,
  HoldWatch,
  SILENCE_MS,
} from './hold-file.ts';

const POLL_MS = 50;
/** How often the work is begun again after the hold was lost. */
const MAX_LOSSES = 3;
/** How often, and how long, a hold is tried in a directory that others remove when it is empty. */
const MAX_REMOVALS = 20;
const REMOVALS_MS = 10_000;

/**
 * The right to be alone with a piece of work, among all processes of all machines that see the disk.
 * It saves work, it does not keep data safe: a holder that was stopped for two seconds loses it, and
 * finds its work superseded when it wakes. It works in a directory of its own, a commit is a rename,
 * and a failure after its hold was taken over does not fail the work.
 */
export interface Hold {
  /**
   * Throws if the hold was taken over meanwhile, so that the work is begun again. To be called
   * between listing what to remove and removing it: when it returns, nothing on the list belongs
   * to a later holder.
   */
  verifyHeld(): Promise<void>;
}

/** How a wait for another process is told and ended. */
export interface HoldWait {
  /** Called once, when another process is at work: says what is waited for. */
  readonly onWait: () => void;
  readonly signal: AbortSignal | undefined;
}

export interface HoldRequest<T> extends HoldWait {
  /** Absolute path; `<path>.lock` is the file. */
  readonly path: string;
  /**
   * Asked before each attempt: the result, if the present holder has produced it meanwhile.
   * Default: every caller does the work itself.
   */
  readonly ready?: () => Promise<T | undefined>;
  /** Does the work while the hold is kept; called again if it fails after losing the hold. */
  readonly work: (hold: Hold) => Promise<T>;
  /** Default: ten minutes. */
  readonly timeoutMs?: number;
  /** What the user can name that the path lies in, for the hint of a refusal. */
  readonly named?: NamedPlace;
}

/**
 * Lets one of many processes do a piece of work and the others take its result.
 * @throws CodexRuntimeError `STORE_BUSY` after `timeoutMs`; `ABORTED`; `DISK_FULL`,
 * `PERMISSION_DENIED` or `INSTALL_FAILED` when there can be no hold; what `work` throws
 */
export async function workOnce<T>(request: HoldRequest<T>): Promise<T> {
  const { path, ready, onWait, timeoutMs = 600_000, signal, named } = request;
  const file = `${path}.lock`;
  const evictor = new Evictor(file);
  const begun = performance.now();
  let waiting = false;
  let losses = 0;
  for (;;) {
    throwIfAborted(signal);
    const finished = await ready?.();
    if (finished !== undefined) {
      await clearDeadHold(path);
      return finished;
    }
    const held = await tryHold(file, evictor, named);
    if (held !== undefined) {
      const last = losses === MAX_LOSSES;
      const worked = await workHeld(request, held, last);
      if (worked !== LOST) return worked;
      losses += 1;
      continue;
    }
    if (!waiting) onWait();
    waiting = true;
    if (performance.now() - begun > timeoutMs) throw busy(path);
    // Jitter keeps many waiters from asking in step.
    await pause(POLL_MS + Math.random() * POLL_MS, signal);
  }
}

function busy(path: string): CodexRuntimeError {
  return new CodexRuntimeError('STORE_BUSY', `Another process has worked on ${path} too long.`, {
    hint: 'Find the other codex-runtime and end it, or run again later.',
    fields: { path },
  });
}

/** A run that works is not waited for just to tidy up. */
const TIDY_PATIENCE_MS = 200;

/**
 * Clears away what a killed run left, when there is nothing else to do. A convenience: where another
 * process is at work, or the directory cannot be written to, nothing is reported.
 * @param path as {@link HoldRequest.path}
 */
export async function tidyHeld(path: string, work: (hold: Hold) => Promise<void>): Promise<void> {
  await clearDeadHold(path);
  const quiet = { onWait: () => undefined, timeoutMs: TIDY_PATIENCE_MS, signal: undefined };
  await workOnce({ path, work, ...quiet }).catch((error: unknown) => {
    if (!isCodexRuntimeError(error) && errnoOf(error) === undefined) throw error;
  });
}

/** Enough to judge once more a holder that was seen to be silent. */
const JUDGE_PATIENCE_MS = SILENCE_MS + 1000;

/** Does the work unless another process is at it; returns false when one is. */
export async function workIfFree(
  path: string,
  work: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if ((await holdState(path))?.state === 'held') return false;
  try {
    const onWait = () => undefined;
    await workOnce({ path, work, onWait, timeoutMs: JUDGE_PATIENCE_MS, signal });
    return true;
  } catch (error) {
    if (!isCodexRuntimeError(error, 'STORE_BUSY')) throw error;
    return false;
  }
}

const LOST = Symbol('the hold was taken over while the work went on');

async function workHeld<T>(
  { path, ready, work }: HoldRequest<T>,
  held: HeldFile,
  last: boolean,
): Promise<T | typeof LOST> {
  const verifyHeld = async () => {
    if (await held.isOwn()) return;
    throw new CodexRuntimeError('STORE_BUSY', `Another process took the work on ${path} over.`, {
      hint: 'This process was stopped for a while. Run the command again.',
      fields: { path },
    });
  };
  try {
    // The holder before us may have finished between our question and our hold.
    return (await ready?.()) ?? (await work({ verifyHeld }));
  } catch (error) {
    if (last || (await held.isOwn())) throw error;
    return LOST;
  } finally {
    await held.release();
  }
}

async function tryHold(
  file: string,
  evictor: Evictor,
  named: NamedPlace | undefined,
): Promise<HeldFile | undefined> {
  try {
    const held = await createIn(dirname(file), file);
    if (held !== undefined) {
      await clearGuard(file);
      return held;
    }
    // Tried again at once: `timeoutMs` limits the wait for live holders, not for dead ones.
    return (await evictor.evict()) ? await tryHold(file, evictor, named) : undefined;
  } catch (error) {
    throw diskError(error, 'create a file', file, named);
  }
}

/** Makes the directory too, as often as another process removes it because it is empty. */
async function createIn(directory: string, file: string): Promise<HeldFile | undefined> {
  const begun = performance.now();
  for (let removals = 0; ; removals += 1) {
    let made = false;
    try {
      await makeDirectory(directory);
      made = true;
      return await createHold(file);
    } catch (error) {
      // One that was made and has gone can be made again; one that never was may be impossible.
      const again = made ? performance.now() - begun < REMOVALS_MS : removals < MAX_REMOVALS;
      if (!isErrno(error, 'ENOENT') || !again) throw error;
    }
    // Out of step with whoever removes it.
    await pause(Math.random() * Math.min(removals, 10), undefined);
  }
}

/**
 * Removes the hold of a process that is known to be gone, after its work was found done. One that
 * names nobody is watched for two seconds first. The disk's failures are ignored.
 * @returns whether there was one: its holder may have left more
 */
export async function clearDeadHold(path: string): Promise<boolean> {
  const evictor = new Evictor(`${path}.lock`);
  // Asked only where there is something to watch: it loads a module of Node's.
  let begun: number | undefined;
  try {
    for (;;) {
      if (await evictor.evict()) return true;
      if (!(await evictor.isUnsigned())) return false;
      begun ??= performance.now();
      if (performance.now() - begun > JUDGE_PATIENCE_MS) return false;
      await pause(POLL_MS, undefined);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/**
 * Who holds what {@link HoldRequest.path} names; undefined where nobody does. Watches a holder that
 * cannot be asked until it shows a sign of life, for two seconds at most.
 */
export async function holdState(path: string): Promise<HoldState | undefined> {
  const watch = new HoldWatch(`${path}.lock`);
  const first = await watch.look();
  for (let seen = first; seen !== undefined; seen = await watch.look()) {
    const { pid, state } = seen;
    if (state !== 'held' || seen.mark !== first?.mark) return { pid, state };
    await pause(POLL_MS, undefined);
  }
  return undefined;
}
