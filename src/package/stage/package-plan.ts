import type { Ecosystem } from '../../request/index.ts';
import type { Triple } from '../../target/index.ts';

/** One file of a package: either bytes from a template or a file of the runtime to link or copy. */
export type PlannedFile = {
  /** Relative to the package's root, with `/`. */
  readonly path: string;
  /** 0o755 or 0o644. */
  readonly mode: number;
} & (
  | { readonly content: Buffer }
  | {
      /** Absolute path in the store. */
      readonly from: string;
      /** Bytes. */
      readonly size: number;
      /** Lower-case hexadecimal. */
      readonly sha256: string;
    }
);

/** A runtime staged in a template: everything that a package holds, before a byte is written. */
export interface PackagePlan {
  readonly ecosystem: Ecosystem;
  /** `codex-cli-bin` for npm, `codex_cli_bin` as a Python import name. */
  readonly name: string;
  /** In the ecosystem's own spelling: semver, or PEP 440. */
  readonly version: string;
  /** The machine kind that it is for; null for a root package. */
  readonly target: Triple | null;
  /** Sorted by path. */
  readonly files: readonly PlannedFile[];
  /** The native executable, relative to the package's root; null for a root package. */
  readonly executable: string | null;
}
