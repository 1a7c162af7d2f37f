import { join } from 'node:path';
import type { Variant } from '../asset.ts';
import type { Triple } from '../target/index.ts';

/** Names one runtime of the store. */
export interface RuntimeKey {
  /** Semver. */
  readonly version: string;
  readonly target: Triple;
  readonly variant: Variant;
}

/** Where things lie below the home; all on one file system, so that a rename commits. */
export interface HomeLayout {
  readonly store: string;
  /** Resumable downloads. */
  readonly partial: string;
  /** Runtimes under construction. */
  readonly staging: string;
  readonly holds: string;
  /** When each runtime was last used: empty files and their times. */
  readonly used: string;
}

export function homeLayout(home: string): HomeLayout {
  return {
    store: join(home, 'store'),
    partial: join(home, 'partial'),
    staging: join(home, 'staging'),
    holds: join(home, 'locks'),
    used: join(home, 'used'),
  };
}

/** `store/<version>/<triple>/<variant>` below `home`. */
export function runtimeDir(home: string, key: RuntimeKey): string {
  return join(homeLayout(home).store, key.version, key.target, key.variant);
}

/** How the names below `staging` begin of what is made, removed or put aside for a runtime. */
export function stagingPrefix({ version, target }: Pick<RuntimeKey, 'version' | 'target'>): string {
  return `${version}_${target}.`;
}

/** The hold under which the runtimes of one version and target are made and removed. */
export function holdPath(home: string, version: string, target: Triple): string {
  return join(homeLayout(home).holds, `${version}_${target}`);
}

/** What a run makes beside the store for as long as it works, and what for. */
export type WorkKind = 'wheel' | 'handshake';

/** What construction and removal name their directories: `<version>_<target>.<uuid>`. */
const OF_RUNTIME = /^(.+_[a-z0-9_-]+)\.[0-9a-f]{8}-[0-9a-f-]{27}(\.replaced)?$/;
const OF_RUN = /^(wheel|handshake)-[\w-]+$/;

/**
 * The name of the hold whose holder alone works in an entry of `staging`; undefined where the entry
 * is not ours.
 */
export function stagingHold(entry: string): string | undefined {
  return OF_RUN.test(entry) ? entry : OF_RUNTIME.exec(entry)?.[1];
}
