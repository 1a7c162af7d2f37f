import type { CellResult } from './cell-result.ts';

/** What a script wrote for its reader, in order. */
export type OutputItem =
  | { readonly type: 'text'; readonly text: string }
  /** A `data:image/…` or `https://` URL. */
  | { readonly type: 'image'; readonly url: string };

/** Codex's own estimate: four bytes of UTF-8 are one token. */
const BYTES_PER_TOKEN = 4;

export const DEFAULT_MAX_OUTPUT_TOKENS = 10_000;

/**
 * `items` within a budget, as Codex's own code mode cuts them. Text alone is cut once, in the
 * middle: its beginning and end stay, half of the budget each, and a mark says how many tokens are
 * missing. With images among it each text gets what is left of the budget, images always stay, and
 * a last item counts the texts that were left out.
 *
 * @param maxTokens tokens of {@link BYTES_PER_TOKEN} bytes each; 0 keeps nothing of the text
 */
export function truncateItems(items: readonly OutputItem[], maxTokens: number): OutputItem[] {
  const budget = maxTokens * BYTES_PER_TOKEN;
  const texts = items.flatMap((item) => (item.type === 'text' ? [item.text] : []));
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= budget) return [...items];
  if (texts.length === items.length) {
    const whole = texts.join('\n');
    const lines = whole.split('\n').length;
    const text = `Total output lines: ${lines}\n\n${truncateMiddle(whole, budget)}`;
    return [{ type: 'text', text }];
  }
  return truncateEach(items, budget);
}

function truncateEach(items: readonly OutputItem[], budget: number): OutputItem[] {
  const kept: OutputItem[] = [];
  let left = budget;
  let omitted = 0;
  for (const item of items) {
    if (item.type === 'image') {
      kept.push(item);
    } else if (left <= 0) {
      omitted += 1;
    } else {
      const bytes = Buffer.byteLength(item.text);
      kept.push(bytes <= left ? item : { type: 'text', text: truncateMiddle(item.text, left) });
      left -= bytes;
    }
  }
  if (omitted > 0) kept.push({ type: 'text', text: `[${omitted} text items omitted]` });
  return kept;
}

/** Cuts the middle out; the bytes that stay and the bytes that the mark counts are all of them. */
export function truncateMiddle(text: string, budget: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= budget) return text;
  const head = startOfCharacter(bytes, Math.floor(budget / 2));
  const tail = endOfCharacter(bytes, bytes.length - (budget - Math.floor(budget / 2)));
  const missing = Math.ceil((tail - head) / BYTES_PER_TOKEN);
  const mark = `…${missing} tokens truncated…`;
  return `${bytes.toString('utf8', 0, head)}${mark}${bytes.toString('utf8', tail)}`;
}

const isInside = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** `at`, or the start of the character that it lies in. */
function startOfCharacter(bytes: Buffer, at: number): number {
  let place = at;
  while (place > 0 && isInside(bytes[place])) place -= 1;
  return place;
}

/** `at`, or the end of the character that it lies in. */
function endOfCharacter(bytes: Buffer, at: number): number {
  let place = at;
  while (place < bytes.length && isInside(bytes[place])) place += 1;
  return place;
}

/**
 * A result as a model reads it: a header with status and wall time, the output within
 * `maxTokens`, and on failure the error as the last item.
 */
export function renderResult(
  result: CellResult,
  maxTokens: number = DEFAULT_MAX_OUTPUT_TOKENS,
): OutputItem[] {
  const items = [...result.items];
  if (result.status === 'failed') {
    const { name, message, stack } = result.error;
    const said = stack === '' ? '' : `\n${stack}`;
    items.push({ type: 'text', text: `Script error:\n${name}: ${message}${said}` });
  }
  const seconds = (result.wallMs / 1000).toFixed(1);
  const text = `${headline(result)}\nWall time ${seconds} seconds\nOutput:\n`;
  return [{ type: 'text', text }, ...truncateItems(items, maxTokens)];
}

function headline(result: CellResult): string {
  if (result.status === 'running') return `Script running with cell ID ${result.cellId}`;
  return `Script ${result.status}`;
}
