import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openingSocket } from '../../src/app-server/transport/websocket.ts';
import { tempDir } from '../support/temp-dir.ts';

const MAX = 100_000;

/** A frame as a server sends it. */
function frame(first: number, payload: Buffer | string, { masked = false } = {}): Buffer {
  const body = Buffer.from(payload);
  const mask = masked ? 0x80 : 0;
  const { length } = body;
  let head: Buffer;
  if (length < 126) head = Buffer.of(first, mask | length);
  else if (length < 65_536) head = Buffer.of(first, mask | 126, length >> 8, length & 255);
  else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, masked ? Buffer.alloc(4) : Buffer.alloc(0), body]);
}

const text = (payload: string) => frame(0x81, payload);
const CLOSE = frame(0x88, Buffer.of(0x03, 0xe8));

/** Answers an upgrade with `bytes`, `size` at a time; the answer itself comes with the first. */
async function serve(bytes: Buffer, size: number): Promise<string> {
  const path = join(await tempDir(), 's.sock');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', async (request: Buffer) => {
      const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1];
      const accept = createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
      const all = Buffer.concat([Buffer.from(answer), bytes]);
      for (let at = 0; at < all.length; at += size) {
        socket.write(all.subarray(at, at + size));
        // Small writes are one packet each only when nothing follows in the same turn.
        if (size < 1000) await new Promise((resolve) => setImmediate(resolve));
      }
      socket.end();
    });
  });
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return path;
}

/** All that comes of it: messages in their order, then how it ended. */
async function read(path: string, tapped: boolean): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  // A line has no line breaks; a message by itself still has them.
  const onMessage = (message: Buffer) => void seen.push(message.toString().replaceAll('\n', ' '));
  const onLines = (lines: Buffer, messageBytes: number) => {
    const messages = lines.toString().split('\n');
    expect(messages.pop()).toBe('');
    expect(messages.reduce((sum, text) => sum + Buffer.byteLength(text), 0)).toBe(messageBytes);
    seen.push(...messages);
  };
  const opening = await openingSocket({
    ...{ address: path, maxMessageBytes: MAX },
    ...(tapped && { taps: { onText: onMessage, onLines } }),
  });
  const { socket } = opening;
  socket.on('message', onMessage);
  socket.on('ping', (data) => seen.push({ ping: data.toString() }));
  socket.on('error', (error) => seen.push({ error: error.message }));
  const code = await new Promise((resolve) => void socket.on('close', resolve));
  opening.destroy();
  return [...seen, { code }];
}

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000, MAX];
const STREAMS: Readonly<Record<string, readonly Buffer[]>> = {
  'messages of every kind of length': [...LENGTHS.map((n) => text('x'.repeat(n))), CLOSE],
  'thousands of small messages': [
    ...Array.from({ length: 3_000 }, (_, n) => text(`{"n":${n},"\u00e4":"\u20ac\u{1f600}"}`)),
    CLOSE,
  ],
  'messages with line breaks, which become blanks': [
    ...Array.from({ length: 300 }, (_, n) => text(`{\n"n":${'x'.repeat(n)}\n}`)),
    CLOSE,
  ],
  'pings between messages': [text('a'), frame(0x89, 'p'), text('b'), frame(0x8a, ''), CLOSE],
  'a message in parts, and more after it': [
    text('a'),
    frame(0x01, '"b'),
    frame(0x89, 'p'),
    frame(0x80, 'c"'),
    text('d'),
    CLOSE,
  ],
  'bytes that are not text': [text('a'), frame(0x82, 'b'), text('c'), CLOSE],
  'a mask': [text('a'), frame(0x81, 'b', { masked: true }), text('c')],
  'what is not UTF-8': [text('a'), frame(0x81, Buffer.of(0x22, 0xff, 0x22)), text('c')],
  'a message that is too long': [text('a'), text('x'.repeat(MAX + 1)), text('c')],
  'a length beyond all numbers': [text('a'), Buffer.of(0x81, 127, ...Array(8).fill(0xff))],
  'reserved bits': [text('a'), frame(0xc1, 'b')],
  'an end in the middle of a message': [text('a'), text('x'.repeat(500)).subarray(0, 300)],
  'no close at all': [text('a'), text('b')],
  nothing: [],
};

describe.runIf(process.platform !== 'win32')('messages taken out before the library', () => {
  it.each(Object.keys(STREAMS))('are what the library alone makes of %s', async (name) => {
    const bytes = Buffer.concat(STREAMS[name] ?? []);
    const sizes = bytes.length > 50_000 ? [1_000, 65_536, 1e9] : [1, 2, 3, 7, 1_000, 1e9];
    for (const size of sizes) {
      const path = await serve(bytes, size);
      const alone = await read(path, false);
      expect(alone.length, `${size}`).toBeGreaterThan(0);
      expect(await read(path, true), `${size} bytes at a time`).toEqual(alone);
    }
  });

  it('leave an answer that is no upgrade to the library', async () => {
    const path = join(await tempDir(), 's.sock');
    const server = createServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n\u0081\u0003abc'));
    });
    server.listen(path);
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const never = () => expect.unreachable();
    const taps = { onText: never, onLines: never };
    const opening = await openingSocket({ address: path, maxMessageBytes: MAX, taps });
    const error = await new Promise((resolve) => void opening.socket.on('error', resolve));
    expect(error).toMatchObject({ message: 'The listener answered 401.' });
    expect(opening.status()).toBe(401);
    opening.destroy();
  });
});
