import { randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { errnoOf, isErrno } from '../disk/errno.ts';
import { movePath, removeFile } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Triple } from '../target/index.ts';
import { formatLock, MAX_LENGTH, parseLock } from './lockfile-text.ts';
import type { Pin } from './precedence.ts';
import type { Version } from './version.ts';

/** One downloadable file, and the digests that it must have whichever channel delivers it. */
export interface LockedAsset {
  readonly name: string;
  /** Bytes, where a channel says so. */
  readonly size?: number;
  /** Lower-case hexadecimal, as GitHub's `digest` and OpenAI's mirror give it. */
  readonly sha256?: string;
  /** `sha512-…`, as npm's `dist.integrity` gives it. */
  readonly integrity?: string;
}

/** What the lockfile knows of one target. */
export interface LockedTarget {
  /** In order of preference. */
  readonly assets: readonly LockedAsset[];
  /**
   * The executable inside, which is the same in every asset: it lets one channel stand in for
   * another. Known once somebody has unpacked an asset (`pin --deep`).
   */
  readonly entrypoint?: { readonly sha256: string };
}

/** `codex-runtime.lock.json`: one version, and the bytes that it may be. */
export interface Lock {
  /** Semver. */
  readonly version: string;
  /** `owner/name` whose releases were locked. */
  readonly repo: string;
  /** Asks for a verified signature of what releases sign: the builds for Linux. */
  readonly signature?: 'required';
  readonly targets: Readonly<Partial<Record<Triple, LockedTarget>>>;
}

/** What the lockfile is called, in the directory that it pins and below: `codex-runtime.lock.json`. */
export const LOCKFILE_NAME = 'codex-runtime.lock.json';

/**
 * The lockfile in `cwd` or the nearest directory above it; null where there is none.
 * @throws CodexRuntimeError `LOCK_INVALID` when it cannot be read or trusted.
 */
export async function loadLock(cwd: string): Promise<Lock | null> {
  const found = await findLockfile(cwd);
  return found === null ? null : parseLock(found.text, found.path);
}

/**
 * The nearest lockfile's absolute path and text, for who is about to replace or judge it.
 * @throws CodexRuntimeError `LOCK_INVALID` when it cannot be read.
 */
export async function findLockfile(cwd: string): Promise<{ path: string; text: string } | null> {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const path = join(dir, LOCKFILE_NAME);
    const text = await readIfPresent(path);
    if (text !== null) return { path, text };
    if (dirname(dir) === dir) return null;
  }
}

/**
 * Replaces a lockfile in one step; one that says the same already is left alone.
 * @returns whether it changed
 * @throws CodexRuntimeError `PERMISSION_DENIED`, `DISK_FULL`, `INSTALL_FAILED`
 */
export async function writeLock(path: string, lock: Lock): Promise<boolean> {
  const text = formatLock(lock);
  if ((await readIfPresent(path)) === text) return false;
  const fresh = `${path}.${randomUUID()}`;
  try {
    await writeFile(fresh, text, { flag: 'wx' });
    await movePath(fresh, path);
  } catch (error) {
    throw diskError(error, 'write the lockfile', path);
  } finally {
    await removeFile(fresh);
  }
  return true;
}

/**
 * The lock of `pin` if it was made for `version`, else null: an argument may name another version
 * than the lockfile, whose digests then say nothing about it.
 */
export function lockFor(pin: Pick<Pin, 'lock'>, version: Version): Lock | null {
  return pin.lock?.version === version.semver ? pin.lock : null;
}

async function readIfPresent(path: string): Promise<string | null> {
  try {
    // A pipe would be waited for, a device read for ever.
    const found = await stat(path);
    if (found.isFile() && found.size <= MAX_LENGTH) return await readFile(path, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) return null;
    throw unreadable(path, String(errnoOf(cause)), cause);
  }
  throw unreadable(path, 'it is no file, or too large for a lockfile');
}

function unreadable(path: string, why: string, cause?: unknown): CodexRuntimeError {
  return new CodexRuntimeError('LOCK_INVALID', `${path} cannot be read (${why}).`, {
    hint: 'Make it a readable file, or remove it.',
    fields: { path },
    cause,
  });
}
