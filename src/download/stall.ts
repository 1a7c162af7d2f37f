import type { Readable } from 'node:stream';

/**
 * Reads a body and gives it up when no byte comes for `limit` ms. The clock runs only while
 * somebody waits for bytes, so a slow consumer does not look like a stalled connection.
 */
export async function* stallGuarded(body: Readable, limit: number): AsyncGenerator<Buffer> {
  const timer = setTimeout(() => {
    if (waiting) body.destroy(new Error(`no byte came for ${limit / 1000} s`));
  }, limit);
  let waiting = true;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      waiting = false;
      yield chunk;
      waiting = true;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}
