import type { ToolNamespace } from '../app-server/index.ts';
import type { Caller } from './cell.ts';
import type { CodeModeLimits } from './limits.ts';
import type { CodeModeTool } from './tool.ts';

export interface CodeModeOptions {
  /**
   * What scripts can call: tools as the client takes them (`defineTool`, `defineToolNamespace`), or
   * with what only scripts have. Default: none.
   */
  readonly tools?: readonly (CodeModeTool | ToolNamespace)[];
  readonly limits?: CodeModeLimits;
  /** Called with what scripts pass to `notify`, at once. Default: it is output like `text`. */
  readonly onNotify?: (text: string, cellId: string) => void;
}

export interface ExecOptions {
  /** Milliseconds after which a script that still runs goes on by itself. Default 10,000. */
  readonly yieldMs?: number;
  /** Terminates the script. */
  readonly signal?: AbortSignal;
  /** The model's call that this script comes from, for tools that ask for it. Default: none. */
  readonly caller?: Caller;
}

export interface WaitOptions {
  /** Milliseconds to wait for the script's end or its next yield. Default 10,000. */
  readonly yieldMs?: number;
  /** Ends the script; its result is `terminated`, or what it was if it had just ended. Default false. */
  readonly terminate?: boolean;
  /** Ends the waiting; the script goes on. */
  readonly signal?: AbortSignal;
}
