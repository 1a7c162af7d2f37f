import { parseBoundedJson, verifyBounds } from '../../json.ts';
import type { HttpResponse } from './exchange.ts';
import { displayUrl, unavailable } from './failure.ts';
import { networkFailure } from './network-failure.ts';

/**
 * npm's list of 466 versions has 0.43 MB, a page of 30 releases about 5; see `json-bounds` for what
 * fewer bytes could still do.
 */
const MAX_DOCUMENT = 8 * 2 ** 20;

/**
 * The whole of a small answer as UTF-8 text.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when it is larger than 8 MiB or ends early.
 */
export async function readText(
  response: HttpResponse,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { body, url } = response;
  try {
    return await readBounded(body, MAX_DOCUMENT, () =>
      unavailable(`${displayUrl(url)} is larger than ${MAX_DOCUMENT} bytes.`, {
        reason: 'refused',
        url,
      }),
    );
  } catch (error) {
    throw networkFailure(url, error, signal);
  }
}

/**
 * The whole of a body as UTF-8 text.
 * @param max Bytes.
 * @throws what `tooLarge` makes of a longer one, and the body's own error
 */
export async function readBounded(
  body: AsyncIterable<Buffer>,
  max: number,
  tooLarge: () => Error,
): Promise<string> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > max) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * JSON from outside; its shape is the caller's to check.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`
 */
export function parseJson(url: URL, text: string): unknown {
  return asDocument(url, () => parseBoundedJson(text));
}

/**
 * Refuses JSON that {@link parseJson} would refuse for its size, before a library parses it.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`
 */
export function verifyJson(url: URL, text: string): void {
  asDocument(url, () => verifyBounds(text));
}

function asDocument<T>(url: URL, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const excess = cause instanceof RangeError ? cause.message : undefined;
    throw unavailable(`${displayUrl(url)} ${excess ?? 'is not a JSON document'}.`, {
      reason: 'not-an-asset',
      url,
      cause,
      hint: 'A login page or a proxy may have answered instead.',
    });
  }
}
