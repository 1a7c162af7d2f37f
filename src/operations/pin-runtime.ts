import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { forManyListeners } from '../abort.ts';
import { chooseVersion, createLock, type SilentChannel } from '../channels/index.ts';
import { CodexRuntimeError, isCodexRuntimeError, joinHints } from '../errors.ts';
import {
  describeIgnored,
  findLockfile,
  type IgnoredLockfile,
  LOCKFILE_NAME,
  type Lock,
  type LockRules,
  namedLockfile,
  parseProofLevel,
  reaches,
  repositoryMeant,
  salvageLock,
  strongestProof,
  writeLock,
} from '../lockfile/index.ts';
import {
  newestFirst,
  type PassedOver,
  parseSpec,
  threadWarning,
  tryParseVersion,
  type Version,
  type VersionSpec,
} from '../pin/index.ts';
import {
  idleTrustedRoot,
  type RuntimeOptions,
  resolvePin,
  type Settings,
  settingsFor,
  settingsOf,
  sourcesFor,
} from '../request/index.ts';
import type { Triple } from '../target/index.ts';
import type { AttestRequest } from './attest-lock.ts';
import { type PinChange, pinChanges } from './pin-changes.ts';
import { type ProofLevels, proofLevels, verifyProof } from './pin-proof.ts';

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
  /**
   * The least proof that every target must have, now and whenever the lockfile is pinned again or
   * installed from: `digest`, `npm-signature`, `npm-provenance`, `sigstore`, `github-attestation`.
   * Default: the lockfile's own rule, else no less for any target than the lockfile had.
   */
  readonly require?: string;
  /**
   * Take the newest version that is allowed in place of the pinned one: of the range that `version`
   * names, else `latest` (`alpha` where an alpha is pinned), and never an older one. Default false.
   */
  readonly update?: boolean;
  /** Say what would be written, and write nothing. Default false. */
  readonly dryRun?: boolean;
}

/** A lockfile that was written. */
export interface PinResult {
  /** Semver. */
  readonly version: string;
  /** The version that the lockfile, or the one that it now hides, had before; null for none. */
  readonly previous: string | null;
  /** Absolute path of the lockfile: the nearest one upward, else a new one in the working directory. */
  readonly path: string;
  /** Whether the lockfile's version gives way to a newer one. */
  readonly outdated: boolean;
  /** Newer versions that were passed over because of their age, the newest first. */
  readonly passedOver: readonly PassedOver[];
  /** False when the file said the same already. */
  readonly changed: boolean;
  /** What differs, target by target. */
  readonly changes: readonly PinChange[];
  readonly lock: Lock;
  /** What was verified of each target. */
  readonly levels: ProofLevels;
  /** Targets for which no channel has anything to lock. */
  readonly missing: readonly Triple[];
  /** Channels that could say nothing, whose assets are therefore not locked. */
  readonly silent: readonly SilentChannel[];
  /** What the step from the previous version means for those who use it. */
  readonly warnings: readonly string[];
}

/**
 * Writes `codex-runtime.lock.json` for all targets and channels, in one stable order, so that a new
 * version is one readable change. The version is the argument, else
 * what the environment or the lockfile names, the repository
 * the option, else the lockfile's. A lockfile whose digests do not count, because it was edited, is
 * written again by the same rules (repository, signature).
 * @throws CodexRuntimeError `PIN_MISSING`, `PIN_INVALID`; `LOCK_INVALID` for a lockfile whose rules
 * cannot be read; `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`,
 * `SOURCES_EXHAUSTED` when there is nothing to lock; `DIGEST_MISMATCH` when two channels, or the
 * present lock and a channel, have different bytes under one name; `PERMISSION_DENIED`,
 * `DISK_FULL`; `SIGNATURE_MISSING` where a target has less proof than it must; with `deep` what provisioning throws
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
  const spec =
    options.update === true
      ? updateSpec(options, present, asked)
      : await wantedSpec(options, settings, present);
  const asking = options.require === undefined ? undefined : parseProofLevel(options.require);
  const required = asking ?? rules?.require;
  const source = lastingSource(options.source) ?? rules?.source;
  const sources = sourcesFor(options.source ?? source, settings.github.repo);
  const watch = { onProgress: options.onProgress, signal: forManyListeners(options.signal) };
  const chosen = await chooseVersion({ settings, sources, spec, ...watch });
  const { passedOver } = chosen;
  const pinned = tryParseVersion(rules?.version ?? '');
  const stays = options.update === true && pinned !== undefined && !isNewer(chosen.version, pinned);
  const version = stays ? pinned : chosen.version;
  const draft = await createLock({ settings, sources, version, previous: present.lock, ...watch });
  // Only what unpacks an asset can verify the signature of the executable inside.
  const signs = options.verifySignature === true || asking === 'sigstore';
  const signature = signs ? 'required' : rules?.signature;
  const wanted: Lock = {
    ...draft.lock,
    ...(signature === undefined ? {} : { signature }),
    ...(required === undefined || required === 'digest' ? {} : { require: required }),
    ...(source === undefined ? {} : { source }),
    ...(rules?.schema === undefined ? {} : { schema: rules.schema }),
  };
  const deep = options.deep === true || asking === 'sigstore';
  // A lock of other releases says nothing about how these have to be proven.
  const before = rules?.repo === repo ? present.levels : {};
  const sought = required ?? strongestProof(Object.values(before));
  const request = { lock: wanted, wanted: sought, settings, sources, signal: watch.signal };
  const verifies = (deep && signature === 'required') || reaches(sought, 'npm-provenance');
  if (options.trustedRoot !== undefined && !verifies) throw idleTrustedRoot();
  const attested = reaches(sought, 'npm-provenance') ? await attest(request) : wanted;
  const lock = deep ? await deepen(options, asked, attested) : attested;
  const { missing, silent } = draft;
  verifyProof(lock, { required, before, silent });
  const changes = pinChanges(present, lock);
  const changed =
    options.dryRun === true
      ? changes.length > 0 || rules === null
      : await writeLock(present.path, lock);
  const { path } = present;
  const previous = rules?.version ?? null;
  const levels = proofLevels(lock);
  const outdated = pinned !== undefined && isNewer(version, pinned);
  const warning = threadWarning(previous, version.semver);
  const warnings = warning === undefined ? [] : [warning];
  const said = { path, outdated, passedOver, changed, changes, lock, levels, missing, silent };
  return { version: version.semver, previous, ...said, warnings };
}

/** A source that no default names must be in the lockfile, or nothing could deliver what it pins. */
function lastingSource(named: string | undefined): string | undefined {
  return named?.split(',').some((one) => one.trim().startsWith('oci:')) === true
    ? named.replaceAll(' ', '')
    : undefined;
}

function isNewer(one: Version, other: Version): boolean {
  return one.semver !== other.semver && newestFirst([one, other])[0]?.semver === one.semver;
}

/** What an update may take: the environment's pin is for installations, and not asked. */
function updateSpec(options: PinOptions, { rules, ignored }: PresentLock, { cwd }: Settings) {
  if (rules === null) {
    throw new CodexRuntimeError('PIN_MISSING', `There is no lockfile in ${cwd} or above it.`, {
      hint: joinHints([
        ...ignored.map(describeIgnored),
        'Write one with "codex-runtime pin latest".',
      ]),
      fields: { cwd, ignored },
    });
  }
  if (options.version !== undefined) return parseSpec(options.version);
  const pinned = tryParseVersion(rules.version);
  return parseSpec(pinned?.prerelease === true ? 'alpha' : 'latest');
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
  /** What it proves of each target, also where it was edited. */
  readonly levels: ProofLevels;
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
  if (found === null) return { rules: null, path, lock: null, levels: {}, ignored };
  const { rules, lock, levels } = salvageLock(found.text, found.path);
  return { rules, path, lock: found.path === path ? lock : null, levels, ignored };
}

/** Loaded late: most lockfiles have no attestations. */
async function attest(request: AttestRequest): Promise<Lock> {
  const { attestLock } = await import('./attest-lock.ts');
  return await attestLock(request);
}

async function deepen(options: PinOptions, settings: Settings, lock: Lock): Promise<Lock> {
  const { deepenLock } = await import('./deepen-lock.ts');
  return await deepenLock(options, settings, lock);
}
