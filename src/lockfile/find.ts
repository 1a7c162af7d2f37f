import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, isErrno } from '../disk/errno.ts';
import { statOf, trustedOwners, writtenByOthers } from '../disk/others.ts';
import { CodexRuntimeError } from '../errors.ts';
import { MAX_LENGTH } from './text.ts';

/** What the lockfile is called, in the directory that it pins and below: `codex-runtime.lock.json`. */
export const LOCKFILE_NAME = 'codex-runtime.lock.json';

/** Where a lockfile is looked for. */
export interface LockfilePlace {
  /** Absolute; where the search upward starts. */
  readonly cwd: string;
  /** Absolute path of the lockfile, or of its directory, that a user names; null for a search. */
  readonly lockfile: string | null;
}

/** A lockfile that the search passed over. */
export interface IgnoredLockfile {
  /** Absolute. */
  readonly path: string;
  /** The end of a sentence that starts with the path: `belongs to user 1001`. */
  readonly reason: string;
}

/** What a search gave: the nearest lockfile that counts, and those that do not count. */
export interface LockfileSearch {
  readonly found: { readonly path: string; readonly text: string } | null;
  readonly ignored: readonly IgnoredLockfile[];
}

/** A directory that has one of these is the root of a repository: what lies above belongs to others. */
const REPOSITORY_MARKS = ['.git', '.hg', '.jj', '.svn'] as const;

/**
 * Finds the lockfile of `cwd`: there or in the nearest directory above it, up to the root of the
 * repository or of the file system.
 *
 * A lockfile decides whose binary runs, so who could have written it matters (as git's
 * `safe.directory`): it counts where it belongs to this user, to root, or to the owner of `cwd`, and
 * where not everybody can write to its directory. Windows has no such owners: there the boundaries
 * alone count. A lockfile that is named is trusted by being named.
 * @throws CodexRuntimeError `LOCK_INVALID` when one that counts cannot be read; `PIN_MISSING` when
 * the named one does not exist
 */
export function findLockfile({ cwd, lockfile }: LockfilePlace): LockfileSearch {
  if (lockfile !== null) return { found: readNamed(lockfile), ignored: [] };
  const trusted = trustedOwners(cwd);
  const ignored: IgnoredLockfile[] = [];
  for (let dir = cwd; ; dir = dirname(dir)) {
    const path = join(dir, LOCKFILE_NAME);
    const reason = reasonToIgnore(path, trusted);
    if (reason === undefined) return { found: { path, text: read(path) }, ignored };
    if (reason !== null) ignored.push({ path, reason });
    if (isBoundary(dir)) return { found: null, ignored };
  }
}

/** Why a lockfile does not count, and how it can. */
export function describeIgnored({ path, reason }: IgnoredLockfile): string {
  return `${path} is ignored: it ${reason}. If you trust it, name it with --lockfile.`;
}

/** The lockfile that a user names by its path or its directory. */
export function namedLockfile(named: string): string {
  return statOf(named)?.isDirectory() === true ? join(named, LOCKFILE_NAME) : named;
}

function readNamed(named: string) {
  const path = namedLockfile(named);
  if (statOf(path) === undefined) {
    throw new CodexRuntimeError('PIN_MISSING', `There is no lockfile ${path}.`, {
      hint: 'Correct the path, or write the lockfile with "codex-runtime pin 0.115.0".',
      fields: { path },
    });
  }
  return { path, text: read(path) };
}

/** Null where there is nothing; undefined where nothing speaks against it. */
function reasonToIgnore(
  path: string,
  trusted: ReadonlySet<number> | null,
): string | null | undefined {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
  } catch (error) {
    return isErrno(error, 'ENOTDIR') ? null : `cannot be looked at (${errnoOf(error)})`;
  }
  const others = writtenByOthers(path, trusted);
  if (others !== undefined) return others;
  // A broken link is an error, as a file without read permission is: its digests must not get lost.
  return statOf(path)?.isFile() === false ? 'is not a file' : undefined;
}

function isBoundary(dir: string): boolean {
  const parent = dirname(dir);
  if (parent === dir || REPOSITORY_MARKS.some((mark) => existsSync(join(dir, mark)))) return true;
  const [here, above] = [statOf(dir)?.dev, statOf(parent)?.dev];
  return here !== undefined && above !== undefined && here !== above;
}

/** Reads the file that it has looked at: a pipe would be waited for, a device read for ever. */
function read(path: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = fstatSync(descriptor);
    if (found.isFile() && found.size <= MAX_LENGTH) return readFileSync(descriptor, 'utf8');
  } catch (cause) {
    throw unreadable(path, String(errnoOf(cause)), cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  throw unreadable(path, 'it is not a file, or too large for a lockfile');
}

function unreadable(path: string, why: string, cause?: unknown): CodexRuntimeError {
  return new CodexRuntimeError('LOCK_INVALID', `${path} cannot be read (${why}).`, {
    hint: 'Make it a readable file, or remove it.',
    fields: { path },
    cause,
  });
}
