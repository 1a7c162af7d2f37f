import type { Asset } from '../asset.ts';

/** Caps of what an archive may become. */
export interface ExtractLimits {
  /** Bytes of all members together. Default 4 GiB. */
  readonly totalBytes: number;
  /** Members, and directories that only a member's path implies. Default 10,000. */
  readonly entries: number;
  /** Characters of a member's path. Default 512. */
  readonly pathLength: number;
  /** Milliseconds of work, without those in which the archive's bytes are waited for. Default 30 minutes. */
  readonly workMs: number;
}

export interface ExtractRequest {
  readonly asset: Pick<Asset, 'name' | 'format' | 'layout' | 'target'>;
  /** The archive's bytes in order; a zip is read from `path` after `bytes` has ended. */
  readonly bytes: AsyncIterable<Buffer>;
  readonly path: string;
  /** Absolute path of an existing, empty directory that only this process writes to. */
  readonly destination: string;
  readonly limits?: Partial<ExtractLimits>;
  readonly signal?: AbortSignal | undefined;
}

/** One file of a runtime tree. */
export interface RuntimeFile {
  /** Relative to the runtime's root, with `/`, e.g. `bin/codex`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** 0o755 for what runs, 0o644 for the rest; from policy, never from an archive. */
  readonly mode: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** What extraction leaves in `destination`: the runtime tree, sorted by path. */
export type ExtractedFiles = readonly RuntimeFile[];
