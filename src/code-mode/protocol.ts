/**
 * What a program and its script host say to each other. Headers go through both processes; bodies
 * are read by the program and by the script's own engine only. See docs/code-mode.md, "The wire".
 */

/** How a tool of the program looks from inside a script. */
export interface GuestTool {
  /** The name that the program knows it by. */
  readonly name: string;
  /** Where it is below `tools`: `['lookup']`, or `['files', 'read']` for one in a namespace. */
  readonly path: readonly string[];
  readonly kind: 'function' | 'freeform';
  readonly description: string;
  /** Left out of the description that the model reads first. */
  readonly isDeferred: boolean;
}

/** What an engine may use up. */
export interface EngineLimits {
  /** Bytes that the script's values may take, strings and typed arrays included. */
  readonly heapBytes: number;
  /** Bytes of output (UTF-8) over the whole cell. */
  readonly outputBytes: number;
  /** Tool calls, and likewise timers, that may be pending at one time. */
  readonly pending: number;
}

/** What a script finds when it starts. */
export interface GuestSetup {
  readonly tools: readonly GuestTool[];
  /** Stored values: a key and its JSON. */
  readonly stored: readonly (readonly [key: string, json: string])[];
  readonly limits: EngineLimits;
}

/** Program → host. The body of `start` is {@link StartBody}, of `deliver` a {@link GuestMessage}[]. */
export type HostCommand =
  | { readonly op: 'start'; readonly cell: number }
  | { readonly op: 'deliver'; readonly cell: number }
  | { readonly op: 'stop'; readonly cell: number }
  | { readonly op: 'snapshot'; readonly cell: number }
  | { readonly op: 'restore'; readonly cell: number; readonly limits: EngineLimits };

export interface StartBody extends GuestSetup {
  readonly source: string;
}

/** Host → program. The body of `events` is a {@link GuestEvent}[], of `snapshot` an engine's memory. */
export type HostEvent =
  | { readonly op: 'ready'; readonly protocol: number }
  | { readonly op: 'events'; readonly cell: number }
  | { readonly op: 'snapshot'; readonly cell: number }
  | { readonly op: 'over'; readonly cell: number; readonly outcome: CellOutcome };

/** Into a script: the answer to a call of its, or what another cell stored. */
export type GuestMessage =
  | { readonly t: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly t: 'failure'; readonly id: number; readonly error: string }
  | { readonly t: 'stored'; readonly key: string; readonly json: string }
  /** After a restoration: calls and timers that are pending are told again. */
  | { readonly t: 'resume' };

/** Out of a script. `n` counts output items, so that a restored script does not repeat them. */
export type GuestEvent =
  | { readonly t: 'text'; readonly n: number; readonly text: string }
  | { readonly t: 'image'; readonly n: number; readonly url: string }
  | { readonly t: 'notify'; readonly n: number; readonly text: string }
  | { readonly t: 'call'; readonly id: number; readonly tool: string; readonly input: unknown }
  | { readonly t: 'pending'; readonly ids: readonly number[] }
  | { readonly t: 'store'; readonly key: string; readonly json: string }
  | { readonly t: 'yield' };

/** Why a script's own work ended. */
export type CellOutcome =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly error: ScriptError }
  /** By the program's `stop`. */
  | { readonly kind: 'stopped' }
  /** The worker died or could not be stopped from inside. */
  | { readonly kind: 'lost'; readonly reason: string };

/** What a script threw, as it can be shown: no path and no frame of the host is in it. */
export interface ScriptError {
  readonly name: string;
  readonly message: string;
  /** The script's own lines, `name@line:column` style of the engine; '' where there are none. */
  readonly stack: string;
}

export function isHostEvent(value: unknown): value is HostEvent {
  if (typeof value !== 'object' || value === null || !('op' in value)) return false;
  const { op, cell, protocol, outcome } = value as Record<string, unknown>;
  if (op === 'ready') return typeof protocol === 'number';
  if (!Number.isSafeInteger(cell)) return false;
  if (op === 'over') return typeof outcome === 'object' && outcome !== null && 'kind' in outcome;
  return op === 'events' || op === 'snapshot';
}

export function isHostCommand(value: unknown): value is HostCommand {
  if (typeof value !== 'object' || value === null || !('op' in value)) return false;
  const { op, cell } = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(cell) &&
    ['start', 'deliver', 'stop', 'snapshot', 'restore'].includes(op as string)
  );
}
