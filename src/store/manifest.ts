import type { Variant } from '../asset.ts';
import type { RuntimeFile } from '../extract/index.ts';
import type { VerifiedSignature } from '../signature/index.ts';
import type { Triple } from '../target/index.ts';

/** What a runtime is, wherever its files lie; the part of the manifest that packages carry too. */
export interface RuntimeDescription {
  readonly schemaVersion: 1;
  /** Semver. */
  readonly version: string;
  /** `owner/name` whose release it is; undefined for upstream's own. */
  readonly repo?: string | undefined;
  readonly target: Triple;
  readonly variant: Variant;
  /** The executable, relative to the root: `bin/codex` or `bin/codex.exe`. */
  readonly entrypoint: string;
  /** Sorted by path. */
  readonly files: readonly RuntimeFile[];
  /**
   * What a package holds beside the runtime, such as `index.js`: relative to its `runtime.json`.
   * Absent in the store.
   */
  readonly packageFiles?: readonly RuntimeFile[];
}

/** A digest that the asset had to have, and who vouched for it. */
export interface VerifiedDigest {
  readonly algorithm: string;
  readonly hex: string;
  readonly origin: string;
  /** As `Digest` of the asset has them. */
  readonly registryKey?: string | null;
  readonly proof?: string;
}

/** Where a stored runtime's bytes came from and what vouched for them. */
export interface RuntimeOrigin {
  readonly channel: string;
  readonly asset: string;
  /**
   * The source that delivered: `api`, `browser`, `gh`, `mirror`, `npm` or `file`; `partial` when an
   * interrupted run had already brought every byte.
   */
  readonly source: string;
  /** Bytes of the asset. */
  readonly size: number;
  readonly verified: readonly VerifiedDigest[];
  /** Whether the release had a complete package; `auto` accepts a stored binary only where it had none. */
  readonly packageAvailable: boolean;
  /** The release's signature, where one was required; absent where nobody looked. */
  readonly signature?: VerifiedSignature;
}

/** `runtime.json` in the store. */
export interface RuntimeManifest extends RuntimeDescription {
  readonly origin: RuntimeOrigin;
}

/** A verified runtime on this machine. */
export interface Runtime {
  /** Absolute path of the directory that holds `runtime.json` and the tree. */
  readonly dir: string;
  readonly manifest: RuntimeManifest;
}
