import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What a server delivers: from memory, or from a file that may be large. */
export interface Body {
  readonly size: number;
  readonly sha256: string;
  /** `sha512-…` */
  readonly sri: string;
  /** Bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Readable;
}

export function openBody(content: Buffer | string): Body {
  const [sha256, sha512] = [createHash('sha256'), createHash('sha512')];
  for (const chunk of chunksOf(content)) {
    sha256.update(chunk);
    sha512.update(chunk);
  }
  return {
    size: typeof content === 'string' ? statSync(content).size : content.length,
    sha256: sha256.digest('hex'),
    sri: `sha512-${sha512.digest('base64')}`,
    read: (start, end) =>
      typeof content === 'string' && end > start
        ? createReadStream(content, { start, end: end - 1, highWaterMark: 2 ** 18 })
        : Readable.from([content.slice(start, end)], { objectMode: false }),
  };
}

/**
 * Answers with `body`, or with the part that `Range` asks for, bound to its ETag by `If-Range`.
 * With `truncateAt` the connection is cut after so many bytes of the answer.
 */
export async function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  body: Body,
  truncateAt?: number,
): Promise<void> {
  const etag = `"${body.sha256}"`;
  const [start, end] = wantedRange(request, body.size, etag) ?? [0, body.size];
  if (start >= body.size && body.size > 0) {
    response.writeHead(416, { 'content-range': `bytes */${body.size}` }).end();
    return;
  }
  const partial = end - start < body.size;
  response.writeHead(partial ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': end - start,
    'accept-ranges': 'bytes',
    etag,
    ...(partial ? { 'content-range': `bytes ${start}-${end - 1}/${body.size}` } : {}),
  });
  if (truncateAt !== undefined && truncateAt < end - start) {
    for await (const chunk of body.read(start, start + truncateAt)) response.write(chunk);
    response.socket?.destroySoon();
    return;
  }
  // A client that has what it wants may hang up; that is no failure of the server.
  await pipeline(body.read(start, end), response).catch(() => response.destroy());
}

function wantedRange(
  { headers }: IncomingMessage,
  size: number,
  etag: string,
): [number, number] | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  const bound = headers['if-range'];
  if (match === null || (bound !== undefined && bound !== etag)) return undefined;
  const last = match[2] === '' ? size - 1 : Number(match[2]);
  return [Number(match[1]), Math.min(last + 1, size)];
}

function* chunksOf(content: Buffer | string): Generator<Buffer> {
  if (typeof content !== 'string') return yield content;
  const file = openSync(content, 'r');
  const chunk = Buffer.allocUnsafe(2 ** 20);
  try {
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(file);
  }
}
