import { CodeModeError } from './errors.ts';
import type { EngineLimits } from './protocol.ts';

const MEBIBYTE = 1024 * 1024;
const DEFAULT_HEAP_MB = 64;
export const DEFAULT_HEAP_BYTES = DEFAULT_HEAP_MB * MEBIBYTE;

/** What scripts may use up. Every one has a default. */
export interface CodeModeLimits {
  /** MiB that the values of one cell may take, strings and typed arrays included: 1 to 192. Default 64. */
  readonly heapMb?: number;
  /** Cells that may run at one time. Default 8. */
  readonly cells?: number;
  /** Bytes of output (UTF-8 of its JSON) of one cell. Default 1 MiB. */
  readonly outputBytes?: number;
  /** Milliseconds that a cell may exist, waiting included. Default 600,000. */
  readonly cellMs?: number;
  /** Tool calls, and likewise timers, of one cell that may be pending at one time. Default 1,000. */
  readonly pending?: number;
  /** Bytes (UTF-8 of keys and JSON) of all stored values together. Default 16 MiB. */
  readonly storedBytes?: number;
}

export interface Limits extends EngineLimits {
  readonly cells: number;
  readonly cellMs: number;
  readonly storedBytes: number;
}

/** @throws CodeModeError `USAGE` for what is not a whole number above zero, or too much */
export function completeLimits(limits: CodeModeLimits): Limits {
  return {
    heapBytes: whole('heapMb', limits.heapMb ?? DEFAULT_HEAP_MB, 192) * MEBIBYTE,
    cells: whole('cells', limits.cells ?? 8, 1_000),
    outputBytes: whole('outputBytes', limits.outputBytes ?? MEBIBYTE, 64 * MEBIBYTE),
    cellMs: whole('cellMs', limits.cellMs ?? 600_000, 2 ** 31 - 1),
    pending: whole('pending', limits.pending ?? 1_000, 100_000),
    storedBytes: whole('storedBytes', limits.storedBytes ?? 16 * MEBIBYTE, 64 * MEBIBYTE),
  };
}

function whole(name: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new CodeModeError(
    'USAGE',
    `limits.${name} takes a whole number from 1 to ${most}, not ${value}.`,
  );
}
