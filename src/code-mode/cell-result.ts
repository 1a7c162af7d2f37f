import type { OutputItem } from './output.ts';
import type { ScriptError } from './protocol.ts';

interface Common {
  /** What `wait` takes while the script runs. */
  readonly cellId: string;
  /** Output since the last result of this cell, not truncated. */
  readonly items: readonly OutputItem[];
  /** Milliseconds from the call to this result. */
  readonly wallMs: number;
}

/** Where a script stands after `exec` or `wait`. */
export type CellResult =
  | (Common & { readonly status: 'completed' })
  | (Common & { readonly status: 'failed'; readonly error: CellError })
  /** It goes on by itself; `wait` gives what comes. */
  | (Common & { readonly status: 'running' })
  /** `wait` was asked to end it, or the caller's signal aborted. */
  | (Common & { readonly status: 'terminated' });

/** Why a script failed; `reason` tells its own errors from the limits and from a lost host. */
export interface CellError extends ScriptError {
  readonly reason: 'script' | 'time' | 'host';
}
