import type { Version } from '../pin/index.ts';
import type { Triple } from '../target/index.ts';
import { findLockfile, type IgnoredLockfile, type LockfilePlace } from './find.ts';
import type { ProofLevel } from './proof.ts';
import { parseLock } from './text.ts';

/** One downloadable file, and the digests that it must have whichever channel delivers it. */
export interface LockedAsset {
  readonly name: string;
  /** Bytes, where a channel says so. */
  readonly size?: number;
  /** Lower-case hexadecimal, as GitHub's `digest` and OpenAI's mirror give it. */
  readonly sha256?: string;
  /** `sha512-…`, as npm's `dist.integrity` gives it. */
  readonly integrity?: string;
  /** What was verified of these bytes when they were pinned. Absent: their digest alone. */
  readonly proof?: ProofLevel;
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
  /** The least proof that an asset must have to be pinned or installed. Absent: a digest. */
  readonly require?: ProofLevel;
  /** What delivers unless `--source` names others, e.g. `oci:host/repo`. Absent: the usual channels. */
  readonly source?: string;
  /** The JSON schema that an editor checks the file with; kept as it is. */
  readonly schema?: string;
  readonly targets: Readonly<Partial<Record<Triple, LockedTarget>>>;
}

/** The lockfile that counts, and what the search for it passed over. */
export interface LoadedLock {
  readonly lock: Lock | null;
  /** Absolute; null where there is no lockfile. */
  readonly path: string | null;
  readonly ignored: readonly IgnoredLockfile[];
  /** Absolute; where the search started. */
  readonly cwd: string;
}

/**
 * Finds and reads the lockfile.
 * @throws CodexRuntimeError `LOCK_INVALID` when it cannot be read or was edited; `PIN_MISSING` when
 * the named one does not exist
 */
export function loadLock(place: LockfilePlace): LoadedLock {
  const { found, ignored } = findLockfile(place);
  const { cwd } = place;
  if (found === null) return { lock: null, path: null, ignored, cwd };
  return { lock: parseLock(found.text, found.path), path: found.path, ignored, cwd };
}

/** The lock if it was made for `version`, else null: about another one its digests say nothing. */
export function lockFor({ lock }: Pick<LoadedLock, 'lock'>, version: Version): Lock | null {
  return lock?.version === version.semver ? lock : null;
}
