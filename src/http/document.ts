import type { HttpResponse } from './exchange.ts';
import { displayUrl, unavailable } from './failure.ts';
import { networkFailure } from './network-failure.ts';

const MAX_DOCUMENT = 16 * 2 ** 20;

/**
 * The whole of a small answer as UTF-8 text.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when it is larger than 16 MiB or ends early.
 */
export async function readText(
  response: HttpResponse,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { body, url } = response;
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    for await (const chunk of body) {
      received += chunk.length;
      if (received > MAX_DOCUMENT) {
        throw unavailable(`${displayUrl(url)} is larger than ${MAX_DOCUMENT} bytes.`, {
          reason: 'refused',
          url,
        });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw networkFailure(url, error, signal);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** JSON from outside; its shape is the caller's to check. */
export function parseJson(url: URL, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unavailable(`${displayUrl(url)} is not a JSON document.`, {
      reason: 'not-an-asset',
      url,
      cause,
      hint: 'A login page or a proxy may have answered instead.',
    });
  }
}
