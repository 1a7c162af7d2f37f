import type { Lock } from '../pin/index.ts';
import type { Version } from '../pin/version.ts';
import type { VariantChoice } from '../resolve/choose.ts';
import type { Target } from '../target/index.ts';
import type { Runtime, RuntimeDescription } from './manifest.ts';
import { findRuntime } from './store.ts';

/** What a runtime must be, wherever it lies. */
export interface Wanted {
  readonly version: Version;
  readonly target: Target;
  readonly variant: VariantChoice;
  /** The lockfile of this version, or null. */
  readonly lock: Lock | null;
}

/** The stored runtime that is wanted, whole; without asking any channel. */
export async function findStored(home: string, wanted: Wanted): Promise<Runtime | undefined> {
  const variants = wanted.variant === 'auto' ? (['package', 'binary'] as const) : [wanted.variant];
  for (const variant of variants) {
    const key = { version: wanted.version.semver, target: wanted.target.triple, variant };
    const runtime = await findRuntime(home, key);
    if (runtime === undefined || !isWanted(runtime.manifest, wanted)) continue;
    // A binary that somebody asked for by name does not stand in for a package that exists.
    if (wanted.variant === variant || variant === 'package') return runtime;
    if (!runtime.manifest.origin.packageAvailable) return runtime;
  }
  return undefined;
}

/** Whether a description fits: version, target, variant, and the executable that the lock pins. */
export function isWanted(runtime: RuntimeDescription, wanted: Wanted): boolean {
  const locked = lockedEntrypoint(wanted);
  return (
    runtime.version === wanted.version.semver &&
    runtime.target === wanted.target.triple &&
    (wanted.variant === 'auto' || runtime.variant === wanted.variant) &&
    (locked === undefined || locked === entrypointDigest(runtime))
  );
}

/** The sha256 that the lock pins for the executable inside, whichever channel carries it. */
export function lockedEntrypoint({ lock, target }: Pick<Wanted, 'lock' | 'target'>) {
  return lock?.targets[target.triple]?.entrypoint?.sha256;
}

/** The sha256 of a runtime's executable. */
export function entrypointDigest(runtime: RuntimeDescription): string | undefined {
  return runtime.files.find(({ path }) => path === runtime.entrypoint)?.sha256;
}
