import { escapeControls } from '../errors.ts';
import type { CliContext, CommonFlags } from './context.ts';
import { formatJson } from './format.ts';

export interface PrintedResult {
  /** The document of `--json`. */
  readonly result: object;
  /** For people and shells; empty prints nothing. */
  readonly text: string;
  /** Adds colours to the text that is safe by then. */
  readonly paint?: (safe: string) => string;
}

/**
 * Prints a command's result: the document with `--json`, else the text alone. Both may hold words
 * from outside, so controls in them are escaped.
 */
export function printResult(
  context: CliContext,
  flags: CommonFlags,
  { result, text, paint = (safe) => safe }: PrintedResult,
): void {
  if (flags.json === true) context.print(formatJson(result));
  else if (text !== '') context.print(`${paint(escapeControls(text))}\n`);
}
