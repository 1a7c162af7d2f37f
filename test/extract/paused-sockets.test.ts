import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { extractRuntime } from '../../src/extract/index.ts';
import { returnReadMemory } from '../../src/fetch/http/read-memory.ts';
import { receiveAsset } from '../../src/fetch/index.ts';
import { buildTarGz } from '../support/archive-builder.ts';
import { downloadFixture, sha256 } from '../support/download-fixture.ts';
import { startRawServer, startServer } from '../support/fault-server.ts';

const NAME = 'codex-x86_64-unknown-linux-musl';
/** More than all that may wait on the way, so that both sides pause the other. */
const EXECUTABLE = Buffer.concat([randomBytes(5e6), Buffer.alloc(3e6), randomBytes(1e6)]);
const ARCHIVE = buildTarGz([{ path: NAME, content: EXECUTABLE, mode: 0o755 }]);
const INSTALLATIONS = 100;
const AT_ONCE = 10;

/** Numbers from 0 to 1 that a seed decides. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

/** Sends the archive in pieces of any size, and now and then nothing for a while. */
async function send(socket: Socket, next: () => number): Promise<void> {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${ARCHIVE.length}\r\n\r\n`);
  for (let at = 0; at < ARCHIVE.length && !socket.destroyed; ) {
    const size = 1 + Math.floor(next() ** 3 * 700_000);
    socket.write(ARCHIVE.subarray(at, at + size));
    at += size;
    if (next() < 0.3) await sleep(next() * 20);
  }
}

/** As `bytes`, to a reader that stops now and then, until its socket is paused. */
async function* slowly(bytes: AsyncIterable<Buffer>, next: () => number): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    if (next() < 0.1) await sleep(next() * 60);
    yield chunk;
  }
}

it(`takes ${INSTALLATIONS} archives whole through sockets that pause, and hangs at none`, async () => {
  await using fixture = await downloadFixture();
  let served = 0;
  await using server = await startRawServer((socket) => {
    served += 1;
    void send(socket, random(served));
  });
  const digests = [{ algorithm: 'sha256', hex: sha256(ARCHIVE), origin: 'github' }] as const;
  const install = async (number: number): Promise<void> => {
    const asset = fixture.asset([{ kind: 'browser', url: `${server.url}/${number}` }], {
      size: ARCHIVE.length,
      digests,
    });
    const destination = join(fixture.home, `tree-${number}`);
    const next = random(1000 + number);
    await mkdir(destination);
    const partialDir = join(fixture.home, `partial-${number}`);
    const request = fixture.request(asset, { partialDir });
    const { result } = await receiveAsset(
      request,
      ({ bytes, path }) =>
        extractRuntime({
          asset,
          bytes: slowly(bytes, next),
          path,
          destination,
          signal: AbortSignal.timeout(30_000),
        }),
      { lanes: 1 },
    );
    expect(result).toMatchObject([{ size: EXECUTABLE.length, sha256: sha256(EXECUTABLE) }]);
    const written = await readFile(join(destination, result[0]?.path ?? ''));
    expect(written.equals(EXECUTABLE)).toBe(true);
  };
  for (let number = 0; number < INSTALLATIONS; number += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, (_, at) => install(number + at));
    await Promise.all(batch);
  }
  expect(served).toBe(INSTALLATIONS);
}, 200_000);

it('gives back what a socket has read, and leaves the body as it came', async () => {
  const content = randomBytes(4e6);
  await using server = await startServer((_, response) => response.end(content));
  const response = await new Promise<IncomingMessage>((resolve) => {
    get(server.url, { agent: false }, resolve);
  });
  const read: ArrayBufferLike[] = [];
  response.socket.on('data', ({ buffer }: Buffer) => read.push(buffer));
  returnReadMemory(response);
  const body: Buffer[] = [];
  response.on('data', (chunk: Buffer) => body.push(chunk));
  await once(response, 'end');
  expect(Buffer.concat(body).equals(content)).toBe(true);
  const left = read.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(read.length).toBeGreaterThan(20);
  expect(left).toBeLessThan(content.length / 2);
});
