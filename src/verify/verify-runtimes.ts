import { isDeepStrictEqual } from 'node:util';
import { throwIfAborted } from '../abort.ts';
import type { Handshake } from '../app-server/index.ts';
import type { Variant } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { type Lock, loadLock, type ProofLevel } from '../lockfile/index.ts';
import { parseVersion } from '../pin/index.ts';
import type { PlaceOptions } from '../place/index.ts';
import { settingsOf } from '../request/index.ts';
import {
  describedFiles,
  loadManifest,
  provenLevel,
  type RuntimeDescription,
  runtimeDir,
} from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import { describeDamage, type RuntimeDamage } from './damage.ts';
import { repairHint } from './repair-hint.ts';
import { findSubjects, type Subject } from './subject.ts';
import { type Inspection, inspectSubject } from './verify-subject.ts';

/** A runtime, and what was found. */
export interface VerifiedRuntime {
  readonly place: 'store' | 'prefix';
  /** Absolute path of the prefix; null in the store. */
  readonly prefix: string | null;
  /** Semver, target and variant; null where the manifest cannot be understood. */
  readonly version: string | null;
  readonly target: Triple | null;
  readonly variant: Variant | null;
  /** Absolute. */
  readonly dir: string;
  /** Files and bytes that were hashed. */
  readonly files: number;
  readonly bytes: number;
  /** What was verified of the bytes that it came from; null where the store has no record of them. */
  readonly level: ProofLevel | null;
  /** Empty where nothing is wrong. */
  readonly damages: readonly RuntimeDamage[];
  /** How its app-server introduced itself; null where it was not asked. */
  readonly handshake: Handshake | null;
}

export interface VerifyOptions extends PlaceOptions {
  /** Let the app-server of what this machine can run introduce itself. Default false. */
  readonly handshake?: boolean;
}

export interface Verification {
  readonly runtimes: readonly VerifiedRuntime[];
}

/**
 * Holds runtimes to what was verified when they came: hashes every file, looks for members that are
 * missing or that nobody verified, and lets the executable say its version where this machine can
 * run it. With a prefix it looks at the package there, with a version or a target at the store's
 * runtimes of these, with none of them at everything. A file that was merely touched is sealed again;
 * nothing else changes.
 * @throws CodexRuntimeError `DAMAGED` with {@link RuntimeDamage}s in `fields.damages`;
 * `RELEASE_NOT_FOUND` when there is nothing to look at; `USAGE` for a target with `prefix`, `global`
 * or `name`; `INSTALL_FAILED` when a Python interpreter does not run; `LOCK_INVALID`, `PIN_INVALID`,
 * `ABORTED`
 */
export async function verifyRuntimes(options: VerifyOptions = {}): Promise<Verification> {
  const settings = settingsOf(options);
  const subjects = await findSubjects(options, settings);
  const expectation = {
    version: options.version === undefined ? null : parseVersion(options.version).semver,
    lock: loadLock(settings).lock,
    stored: subjects.flatMap(({ runtime, package: installed }) =>
      installed === null && runtime !== null ? [runtime] : [],
    ),
    host: settings.host,
    handshake: options.handshake === true ? { env: settings.env, home: settings.home } : null,
    signal: options.signal,
  };
  const runtimes: VerifiedRuntime[] = [];
  const hints: string[] = [];
  for (const subject of subjects) {
    throwIfAborted(options.signal);
    const inspection = await inspectSubject(subject, expectation);
    const level = await levelOf(settings.home, subject.runtime, expectation.lock);
    const verified = verifiedRuntime(subject, level, inspection);
    runtimes.push(verified);
    if (verified.damages.length === 0) continue;
    hints.push(await repairHint(subject, verified.damages, expectation.version));
  }
  // One line for each that is damaged: the first command repairs the first alone.
  if (hints.length > 0) throw damagedError(runtimes, [...new Set(hints)].join('\n'));
  return { runtimes };
}

/** The store alone has on record what vouched for a runtime; a package is of the same files. */
async function levelOf(
  home: string,
  runtime: RuntimeDescription | null,
  lock: Lock | null,
): Promise<ProofLevel | null> {
  if (runtime === null) return null;
  const stored = await loadManifest(runtimeDir(home, runtime));
  if (stored === undefined || !isDeepStrictEqual(stored.files, runtime.files)) return null;
  const locked = lock?.version === runtime.version ? lock.targets[runtime.target] : undefined;
  return provenLevel(stored.origin, locked);
}

function verifiedRuntime(
  subject: Subject,
  level: ProofLevel | null,
  inspection: Inspection,
): VerifiedRuntime {
  const { runtime, dir } = subject;
  const files = runtime === null ? [] : describedFiles(runtime);
  return {
    place: subject.package === null ? 'store' : 'prefix',
    prefix: subject.package?.layout.prefix ?? null,
    version: runtime?.version ?? null,
    target: runtime?.target ?? null,
    variant: runtime?.variant ?? null,
    dir,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    level,
    ...inspection,
  };
}

function damagedError(runtimes: readonly VerifiedRuntime[], hint: string): CodexRuntimeError {
  const damaged = runtimes.filter(({ damages }) => damages.length > 0);
  const damages = damaged.flatMap((runtime) => runtime.damages);
  const count = `${damages.length} ${damages.length === 1 ? 'problem' : 'problems'}`;
  return new CodexRuntimeError('DAMAGED', `Found ${count} in ${damaged.map(nameOf).join(', ')}.`, {
    hint,
    fields: { damages, reasons: damages.map(describeDamage), runtimes },
  });
}

function nameOf({ version, dir }: VerifiedRuntime): string {
  return version === null ? dir : `Codex ${version} at ${dir}`;
}
