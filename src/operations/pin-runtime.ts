import { join } from 'node:path';
import { forManyListeners } from '../abort.ts';
import { isCodexRuntimeError } from '../errors.ts';
import {
  findLockfile,
  LOCKFILE_NAME,
  type Lock,
  parseLock,
  parseSpec,
  resolvePin,
  type VersionSpec,
  writeLock,
} from '../pin/index.ts';
import { type RuntimeOptions, settingsOf } from '../request.ts';
import { createLock, resolveVersion, type SilentChannel, sourcesFor } from '../resolve/index.ts';
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
 * the option, else the lockfile's. A lockfile that cannot be trusted is written anew.
 * @throws CodexRuntimeError `PIN_MISSING`, `PIN_INVALID`; `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`,
 * `SOURCES_EXHAUSTED` when there is nothing to lock; `DIGEST_MISMATCH` when two channels, or the
 * present lock and a channel, have different bytes under one name; `PERMISSION_DENIED`,
 * `DISK_FULL`; with `deep` what provisioning throws
 */
export async function pinRuntime(options: PinOptions = {}): Promise<PinResult> {
  const { cwd } = settingsOf(options);
  const present = await loadPresent(cwd);
  // A new version is of the same repository, unless another one is named.
  const repo = options.repo ?? present.lock?.repo;
  const settings = settingsOf({ ...options, repo });
  const spec = await wantedSpec(options, settings);
  const sources = sourcesFor(options.source, settings.github.repo);
  const watch = { onProgress: options.onProgress, signal: forManyListeners(options.signal) };
  const version = await resolveVersion({ settings, sources, spec, ...watch });
  const draft = await createLock({ settings, sources, version, previous: present.lock, ...watch });
  const wanted: Lock =
    options.verifySignature === true ? { ...draft.lock, signature: 'required' } : draft.lock;
  const verifies = options.deep === true && wanted.signature === 'required';
  if (options.trustedRoot !== undefined && !verifies) throw idleTrustedRoot();
  const lock = options.deep === true ? await deepen(options, wanted) : wanted;
  const changed = await writeLock(present.path, lock);
  const { missing, silent } = draft;
  return { version: version.semver, path: present.path, changed, lock, missing, silent };
}

async function wantedSpec(options: PinOptions, settings: Settings): Promise<VersionSpec> {
  if (options.version !== undefined) return parseSpec(options.version);
  const ecosystem = options.ecosystem ?? 'node';
  return (await resolvePin({ env: settings.env, ecosystem, cwd: settings.cwd })).spec;
}

/** The lockfile to replace. One that somebody edited holds digests that vouch for nothing. */
async function loadPresent(cwd: string): Promise<{ path: string; lock: Lock | null }> {
  const found = await findLockfile(cwd);
  if (found === null) return { path: join(cwd, LOCKFILE_NAME), lock: null };
  try {
    return { path: found.path, lock: parseLock(found.text, found.path) };
  } catch (error) {
    if (!isCodexRuntimeError(error, 'LOCK_INVALID')) throw error;
    return { path: found.path, lock: null };
  }
}

async function deepen(options: PinOptions, lock: Lock): Promise<Lock> {
  const { deepenLock } = await import('./deepen-lock.ts');
  return await deepenLock(options, lock);
}
