import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { isErrno } from '../disk/errno.ts';
import { statOf } from '../disk/others.ts';
import { type Owner, presenceOf, thisProcess } from '../disk/owner.ts';
import { removeFile, untilUnblocked } from '../disk/until-unblocked.ts';
import { asJsonObject, tryParseJson } from '../json.ts';

/** A holder shows that it is alive once in this time, in milliseconds. */
const BEAT_MS = 1000;
/** One that has shown nothing for so long is dead or stopped. */
export const SILENCE_MS = 2000;
/** A waiter that slept itself has not seen silence all the while. */
const LONGEST_LOOK_MS = 250;

/** Tells this process's holds from those of an earlier process with the same number. */
let token: string | undefined;

/** A hold of this process. */
export interface HeldFile {
  /** Whether no other process has taken it over. */
  isOwn(): Promise<boolean>;
  /** Gives it back; one that cannot be removed falls silent, and is taken over. */
  release(): Promise<void>;
}

/**
 * Makes the file that is the hold; undefined where there is one. Its holder rewrites it through the
 * open file, never by name: a process that was stopped while another took its hold over must not
 * touch that one's. Throws the native error.
 */
export async function createHold(path: string): Promise<HeldFile | undefined> {
  // Windows keeps the name of a removed file for as long as another process reads it.
  const file = await untilUnblocked(() => open(path, 'wx')).catch((error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw error;
  });
  if (file === undefined) return undefined;
  try {
    await file.write(contentAt(0), 0);
  } catch (error) {
    // A full disk takes the name and not the content.
    await file.close();
    await removeFile(path);
    throw error;
  }
  return keepAlive(path, file);
}

function keepAlive(path: string, file: FileHandle): HeldFile {
  let beats = 0;
  let beating: Promise<void> = Promise.resolve();
  const isOwn = async () => (await loadText(path)).includes(ownToken());
  const beat = async () => {
    beats += 1;
    if (await isOwn()) await file.write(contentAt(beats), 0);
  };
  const timer = setInterval(() => {
    // A beat that fails is silence, which costs the hold and not the work.
    beating = beating.then(beat).catch(() => undefined);
  }, BEAT_MS).unref();
  return {
    isOwn,
    async release() {
      clearInterval(timer);
      await beating;
      await file.close().catch(() => undefined);
      if (await isOwn()) await removeFile(path).catch(() => undefined);
    },
  };
}

/** Always of one length, so that a reader never meets the rest of an older one. */
function contentAt(beats: number): string {
  const beat = String(beats).padStart(10, '0');
  return JSON.stringify({ ...thisProcess(), token: ownToken(), beat });
}

function ownToken(): string {
  token ??= randomUUID();
  return token;
}

/** A hold as it was seen once. */
interface Sight {
  readonly owner: Owner | undefined;
  /** Changes with every beat. */
  readonly mark: string;
}

async function lookAt(path: string): Promise<Sight | undefined> {
  const stats = statOf(path);
  if (stats === undefined) return undefined;
  const text = await loadText(path);
  return { owner: parseOwner(text), mark: `${stats.ino} ${stats.mtimeMs} ${text}` };
}

/** Looks at one hold again and again, and tells by its own clock how long nothing has changed. */
export class HoldWatch {
  readonly #path: string;
  #mark: string | undefined;
  #looked = 0;
  #silentMs = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Who holds it; undefined where nobody does. `silent`: its holder exists and has stopped. `gone`:
   * its holder has ended. Both may be taken over.
   */
  async look(): Promise<(HoldState & Pick<Sight, 'mark'>) | undefined> {
    const sight = await lookAt(this.#path);
    if (sight === undefined) return undefined;
    const { owner, mark } = sight;
    const silent = this.#isSilent(mark);
    const presence = owner === undefined ? 'unknown' : presenceOf(owner);
    const pid = owner === undefined || presence === 'unknown' ? null : owner.pid;
    if (presence === 'gone' || (presence === 'unknown' && silent))
      return { pid, state: 'gone', mark };
    return { pid, state: silent ? 'silent' : 'held', mark };
  }

  #isSilent(mark: string): boolean {
    const now = performance.now();
    if (mark === this.#mark) this.#silentMs += Math.min(now - this.#looked, LONGEST_LOOK_MS);
    else this.#silentMs = 0;
    this.#mark = mark;
    this.#looked = now;
    return this.#silentMs >= SILENCE_MS;
  }
}

/** A hold that is there. */
export interface HoldState {
  /** The holder's; null where it is a process of another machine or container, or unknown. */
  readonly pid: number | null;
  readonly state: 'held' | 'silent' | 'gone';
}

/** Removes holds whose holders are gone or silent, one process at a time. */
export class Evictor {
  readonly #path: string;
  readonly #watch: HoldWatch;
  readonly #guard: HoldWatch;

  constructor(path: string) {
    this.#path = path;
    this.#watch = new HoldWatch(path);
    this.#guard = new HoldWatch(guardPath(path));
  }

  /**
   * Whether the hold names nobody: its holder is about to write its name, or was killed before it
   * did. Only time tells.
   */
  async isUnsigned(): Promise<boolean> {
    const sight = await lookAt(this.#path);
    return sight !== undefined && sight.owner === undefined;
  }

  /** To be asked again and again: whether the hold has been removed now. Throws the native error. */
  async evict(): Promise<boolean> {
    const seen = await this.#watch.look();
    if (seen === undefined || seen.state === 'held') return false;
    const guard = await this.#takeGuard();
    if (guard === undefined) return false;
    try {
      // Under the guard nobody else evicts: what looks the same is the same hold, and not one that
      // another process has just taken.
      if ((await lookAt(this.#path))?.mark !== seen.mark) return false;
      await removeFile(this.#path);
      return true;
    } finally {
      await guard.release();
    }
  }

  async #takeGuard(): Promise<HeldFile | undefined> {
    const guard = await createHold(guardPath(this.#path));
    if (guard !== undefined) return guard;
    const left = await this.#guard.look();
    if (left !== undefined && left.state !== 'held') await clearGuard(this.#path);
    return undefined;
  }
}

/** Removes what an evictor left that was killed. Whoever has the hold may do so. */
export async function clearGuard(path: string): Promise<void> {
  await removeFile(guardPath(path));
}

function guardPath(path: string): string {
  return `${path}.evict`;
}

async function loadText(path: string): Promise<string> {
  return await untilUnblocked(() => readFile(path, 'utf8')).catch(() => '');
}

function parseOwner(text: string): Owner | undefined {
  const { pid, space, started } = asJsonObject(tryParseJson(text));
  if (typeof pid !== 'number' || typeof space !== 'string') return undefined;
  return { pid, space, started: typeof started === 'string' ? started : null };
}
