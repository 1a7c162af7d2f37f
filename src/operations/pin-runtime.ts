import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { forManyListeners } from '../abort.ts';
import { createLock, resolveVersion, type SilentChannel, sourcesFor } from '../channels/index.ts';
import { isCodexRuntimeError } from '../errors.ts';
import {
  findLockfile,
  type IgnoredLockfile,
  LOCKFILE_NAME,
  type Lock,
  type LockRules,
  namedLockfile,
  repositoryMeant,
  salvageLock,
  writeLock,
} from '../lockfile/index.ts';
import { tryParseVersion, type VersionSpec } from '../pin/index.ts';
import { type RuntimeOptions, resolvePin, settingsFor, settingsOf } from '../request/index.ts';
import type { Settings } from '../settings.ts';
import { idleTrustedRoot } from '../signature/faults.ts';
import type { Triple } from '../target/index.ts';

export interface PinOptions extends RuntimeOptions {
  /**
   * Fetch the runtime of every target into the store, and lock the sha256 of the executable inside:
   * with it, one channel may stand in for another. Default false.
   */
  readonly deep?: boolean;
  /**
   * Have the lockfile require a verified signature of every build for Linux from now on; `deep`
   * then checks them. Default: what the present lockfile says.
   */
  readonly verifySignature?: boolean;
}

/** A lockfile that was written. */
export interface PinResult {
  /** Semver. */
  readonly version: string;
  /** The version that the lockfile, or the one that it now hides, had before; null for none. */
  readonly previous: string | null;
  /** Absolute path of the lockfile: the nearest one upward, else a new one in the working directory. */
  readonly path: string;
  /** False when the file said the same already. */
  readonly changed: boolean;
  readonly lock: Lock;
  /** Targets for which no channel has anything to lock. */
  readonly missing: readonly Triple[];
  /** Channels that could say nothing, whose assets are therefore not locked. */
  readonly silent: readonly SilentChannel[];
}

/**
 * Writes `codex-runtime.lock.json` for all targets and channels. The version is the argument, else
 * what the environment or the lockfile names, the repository
 * the option, else the lockfile's. A lockfile whose digests do not count, because it was edited, is
 * written anew by the same rules (repository, signature).
 * @throws CodexRuntimeError `PIN_MISSING`, `PIN_INVALID`; `LOCK_INVALID` for a lockfile whose rules
 * cannot be read; `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`,
 * `SOURCES_EXHAUSTED` when there is nothing to lock; `DIGEST_MISMATCH` when two channels, or the
 * present lock and a channel, have different bytes under one name; `PERMISSION_DENIED`,
 * `DISK_FULL`; with `deep` what provisioning throws
 */
export async function pinRuntime(options: PinOptions = {}): Promise<PinResult> {
  const asked = settingsOf(options);
  const present = loadPresent(asked);
  for (const { path, reason } of present.ignored) {
    options.onProgress?.({ type: 'lockfile-ignored', path, reason });
  }
  // A new version is of the same repository, unless another one is named.
  const named = options.repo === undefined ? null : asked.github.repo;
  const { rules } = present;
  const repo = repositoryMeant({ named, lock: rules, installed: null, exact: undefined });
  const settings = settingsFor(asked, repo);
  const spec = await wantedSpec(options, settings, present);
  const sources = sourcesFor(options.source, settings.github.repo);
  const watch = { onProgress: options.onProgress, signal: forManyListeners(options.signal) };
  const version = await resolveVersion({ settings, sources, spec, ...watch });
  const draft = await createLock({ settings, sources, version, previous: present.lock, ...watch });
  const signature = options.verifySignature === true ? 'required' : rules?.signature;
  const wanted: Lock = {
    ...draft.lock,
    ...(signature === undefined ? {} : { signature }),
    ...(rules?.schema === undefined ? {} : { schema: rules.schema }),
  };
  const verifies = options.deep === true && wanted.signature === 'required';
  if (options.trustedRoot !== undefined && !verifies) throw idleTrustedRoot();
  const lock = options.deep === true ? await deepen(options, asked, wanted) : wanted;
  const changed = await writeLock(present.path, lock);
  const { missing, silent } = draft;
  const { path } = present;
  const previous = rules?.version ?? null;
  return { version: version.semver, previous, path, changed, lock, missing, silent };
}

async function wantedSpec(
  options: PinOptions,
  { env, cwd }: Settings,
  { rules, ignored }: PresentLock,
): Promise<VersionSpec> {
  const named = { argument: options.version, env, ecosystem: options.ecosystem ?? 'node' };
  try {
    const lockfile = { lock: null, path: null, ignored, cwd };
    return (await resolvePin({ ...named, lockfile })).spec;
  } catch (error) {
    // A bot edits the version alone, and then pins: what it wrote is what is wanted.
    const version = tryParseVersion(rules?.version ?? '');
    if (version === undefined || !isCodexRuntimeError(error, 'PIN_MISSING')) throw error;
    return { kind: 'exact', version };
  }
}

/** The lockfile that is about to be written, and what is there already. */
interface PresentLock {
  /** Null where there is no lockfile. */
  readonly rules: LockRules | null;
  /** Absolute. */
  readonly path: string;
  /** Null where there is none, or where its digests do not count because it was edited. */
  readonly lock: Lock | null;
  readonly ignored: readonly IgnoredLockfile[];
}

/**
 * Where the lockfile is written, and the rules that stay. A new one below another has the rules of
 * that: it would hide them.
 */
function loadPresent({ cwd, lockfile }: Settings): PresentLock {
  const named = lockfile === null ? null : namedLockfile(lockfile);
  const { found, ignored } = findLockfile({
    cwd: named === null ? cwd : dirname(named),
    lockfile: named !== null && existsSync(named) ? named : null,
  });
  const path = named ?? found?.path ?? join(cwd, LOCKFILE_NAME);
  if (found === null) return { rules: null, path, lock: null, ignored };
  const { rules, lock } = salvageLock(found.text, found.path);
  return { rules, path, lock: found.path === path ? lock : null, ignored };
}

async function deepen(options: PinOptions, settings: Settings, lock: Lock): Promise<Lock> {
  const { deepenLock } = await import('./deepen-lock.ts');
  return await deepenLock(options, settings, lock);
}
