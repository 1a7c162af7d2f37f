/** A JSON object of which nothing else is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Any value that JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [key in string]?: JsonValue };

/** Whether a parsed document, or a part of one, is a JSON object: neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` where it is a JSON object; an empty one stands for everything else. */
export function asJsonObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** Whether a JSON value is a number of bytes. */
export function isByteCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Whether a JSON value is a SHA-256 in lower-case hexadecimal. */
export function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/**
 * Fifty times the values of npm's list of 466 versions, and some ten times those of a page of 30
 * releases; more is no document that a channel gives.
 */
const MAX_VALUES = 1_000_000;
/** Release documents nest five deep, lockfiles four. */
const MAX_DEPTH = 100;

/**
 * Parses JSON from outside. A byte of brackets costs an engine up to 60 bytes of memory, and walking
 * the result costs a stack frame per level, so values and depth are counted before anything is built.
 * A byte-order mark, which editors on Windows write, is left out as npm does.
 * @throws SyntaxError when it is not JSON; RangeError when it nests deeper or holds more than any
 * document that this package reads.
 */
export function parseBoundedJson(text: string): unknown {
  verifyBounds(text);
  return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
}

const BYTE_ORDER_MARK = '\uFEFF';

/** As {@link parseBoundedJson}; undefined for text that it refuses. */
export function tryParseJson(text: string): unknown {
  try {
    return parseBoundedJson(text);
  } catch {
    return undefined;
  }
}

/** The check alone, for text that a library will parse. Throws RangeError. */
export function verifyBounds(text: string): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case BRACKET:
      case BRACE:
        depth += 1;
        values += 1;
        if (depth > MAX_DEPTH) throw new RangeError(`nests deeper than ${MAX_DEPTH} levels`);
        break;
      case COMMA:
        values += 1;
        break;
      case BRACKET_END:
      case BRACE_END:
        depth -= 1;
    }
    if (values > MAX_VALUES) throw new RangeError(`holds more than ${MAX_VALUES} values`);
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The index of the quote that ends the string which begins at `start`, or the text's end. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); at < text.length && code !== QUOTE; ) {
    at += code === BACKSLASH ? 2 : 1;
    code = text.charCodeAt(at);
  }
  return at;
}
