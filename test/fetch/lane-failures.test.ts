import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readBody } from '../../src/fetch/body-reader.ts';
import { createHttp } from '../../src/fetch/http/index.ts';
import { createHttpSource } from '../../src/fetch/http-source.ts';
import { sizeOf } from '../../src/fetch/intervals.ts';
import { fetchInLanes } from '../../src/fetch/lanes.ts';
import { openPartial } from '../../src/fetch/partial.ts';
import { type DownloadFixture, downloadFixture } from '../support/download-fixture.ts';
import { failure } from '../support/failure.ts';
import { type FaultServer, startServer } from '../support/fault-server.ts';
import { transferState } from '../support/transfer-state.ts';

const MIB = 2 ** 20;
const SIZE = 4 * MIB;
/** What the first connection brings before others join. */
const HEAD = 1_000;
let fixture: DownloadFixture;
const cleanups: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  fixture = await downloadFixture({ size: SIZE });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  await fixture[Symbol.asyncDispose]();
});

/** A request that the test answers by hand. */
interface Held {
  readonly start: number;
  readonly end: number;
  readonly socket: Socket;
  readonly response: ServerResponse;
  /** Sends the bytes up to `position`, by default all, and the head before the first. */
  send(position?: number | 'one more'): void;
  /** Resolves when the other side has given the answer up. */
  readonly closed: Promise<void>;
}

/** A server whose every answer waits for the test. */
async function heldServer() {
  const arrived: Held[] = [];
  let tell: () => void = () => undefined;
  const server: FaultServer = await startServer((request, response) => {
    arrived.push(hold(request.headers.range, response));
    tell();
  });
  cleanups.push(() => server.close());
  return {
    url: server.url,
    arrived,
    /** The first `count` requests, once they have come. */
    async requests(count: number): Promise<readonly Held[]> {
      while (arrived.length < count) {
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
      return arrived;
    },
  };
}

function hold(header: string | undefined, response: ServerResponse): Held {
  const [, from = 0, last = SIZE - 1] = /^bytes=(\d+)-(\d+)$/.exec(header ?? '') ?? [];
  const [start, end] = [Number(from), Number(last) + 1];
  let sent = start;
  return {
    start,
    end,
    response,
    socket: response.req.socket,
    send(to = end) {
      const position = to === 'one more' ? sent + 1 : to;
      if (position === sent || response.writableEnded) return;
      if (!response.headersSent) {
        const range = { 'content-range': `bytes ${start}-${end - 1}/${SIZE}` };
        const head = { etag: '"one"', 'content-length': end - start };
        response.writeHead(header === undefined ? 200 : 206, { ...head, ...range });
      }
      response.write(fixture.content.subarray(sent, position));
      sent = position;
      if (sent === end) response.end();
    },
    closed: new Promise((resolve) => response.once('close', () => resolve())),
  };
}

interface Begun extends Awaited<ReturnType<typeof transferState>> {
  /** The first `count` requests, once they have come; the very first one is for the whole asset. */
  requests(count: number): Promise<readonly Held[]>;
  readonly arrived: readonly Held[];
  readonly abort: () => void;
  readonly done: Promise<void>;
}

/** A transfer whose first connection has brought `HEAD` bytes. */
async function begin({
  crowd = true,
  ...tuning
}: { crowd?: boolean } & Parameters<typeof transferState>[1] = {}): Promise<Begun> {
  const { url, ...server } = await heldServer();
  const controller = new AbortController();
  const made = await transferState(fixture, { signal: controller.signal, ...tuning });
  const { state } = made;
  const http = createHttp({ env: {} }, { timeouts: { stall: 0, headers: 600_000 } });
  const source = createHttpSource({ kind: 'browser', url }, http.open);
  const opening = source.open(null, state.signal);
  const [first] = await server.requests(1);
  first?.send(HEAD);
  state.edition = { kind: 'browser', address: source.address, validator: '"one"', total: SIZE };
  const done = fetchInLanes(source, state, { first: readBody(await opening, state), crowd });
  // Looked at where a test expects it.
  done.catch(() => undefined);
  cleanups.unshift(async () => {
    controller.abort();
    await done.catch(() => undefined);
    await state.partial.close().catch(() => undefined);
    await http.close();
  });
  return { ...made, ...server, abort: () => controller.abort(), done };
}

/** Answers whatever is asked for until `done`. */
async function serveRest({ arrived, done }: Begun): Promise<void> {
  let over = false;
  const ended = done.finally(() => {
    over = true;
  });
  while (!over) {
    for (const held of arrived) held.send();
    await Promise.race([ended, new Promise((resolve) => setImmediate(resolve))]);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when the consumer has been given so many bytes. */
async function given({ state }: Begun, bytes: number): Promise<void> {
  await until(() => state.verifier.position >= bytes);
}

/** Breaks a connection off after one more byte. */
async function breakOff({ state }: Begun, held: Held | undefined): Promise<void> {
  const before = state.fetched;
  held?.send('one more');
  await until(() => state.fetched > before);
  held?.socket.destroy();
  await held?.closed;
}

function rangesOf(requests: readonly Held[]): [number, number][] {
  return requests.map(({ start, end }) => [start, end]);
}

function expectWhole({ state, taken }: Begun): void {
  expect(Buffer.concat(taken).equals(fixture.content)).toBe(true);
  expect(state.partial.have).toEqual([{ start: 0, end: SIZE }]);
}

describe('connections of one download', () => {
  test('share the bytes, and none is fetched twice', async () => {
    const transfer = await begin();
    const [first, ...others] = await transfer.requests(4);
    expect(rangesOf(others)).toEqual([
      [MIB, 2 * MIB],
      [2 * MIB, 3 * MIB],
      [3 * MIB, 4 * MIB],
    ]);
    for (const other of others.reverse()) {
      other.send();
      await other.closed;
    }
    first?.send(MIB);
    await transfer.done;
    expectWhole(transfer);
    expect(transfer.state.fetched).toBe(SIZE);
    expect(transfer.state.pieced).toBe(true);
    expect(transfer.reports.at(-1)).toEqual({ received: SIZE, total: SIZE, resumed: 0 });
  });

  test('give the consumer what has come while they wait', async () => {
    const transfer = await begin();
    const [first, second] = await transfer.requests(4);
    await given(transfer, HEAD);
    second?.send();
    first?.send(MIB);
    await given(transfer, 2 * MIB);
    await serveRest(transfer);
    expectWhole(transfer);
  });

  test('are no more than allowed', async () => {
    const transfer = await begin({ lanes: 2 });
    const second = (await transfer.requests(2))[1];
    second?.send();
    const third = (await transfer.requests(3))[2];
    // A third one would have come on a connection of its own.
    expect(third?.socket).toBe(second?.socket);
    await serveRest(transfer);
    expectWhole(transfer);
  });

  test('join a slow one when it turns out to be slow', async () => {
    const transfer = await begin({ crowd: false, measure: 0, worthwhile: 0 });
    const first = transfer.arrived[0];
    for (let position = HEAD; transfer.arrived.length < 4; position += 10) {
      first?.send(position);
      await sleep(5);
    }
    await serveRest(transfer);
    expectWhole(transfer);
  });

  test('leave the first one alone until then', async () => {
    const transfer = await begin({ crowd: false });
    const [first] = transfer.arrived;
    first?.send();
    await transfer.done;
    expect(transfer.arrived).toHaveLength(1);
    expectWhole(transfer);
  });

  test('take over half of what another one has left, which is then not read to its end', async () => {
    const transfer = await begin();
    const [first, second] = await transfer.requests(4);
    first?.send(MIB);
    await first?.closed;
    const [, , , , thief] = await transfer.requests(5);
    expect(rangesOf(thief === undefined ? [] : [thief])).toEqual([[1.5 * MIB, 2 * MIB]]);
    second?.send(1.5 * MIB);
    await second?.closed;
    await serveRest(transfer);
    expectWhole(transfer);
  });

  test('are used again when their answer was read to its end', async () => {
    const transfer = await begin();
    const { state, requests } = transfer;
    const [, , third] = await requests(4);
    // In chunks: the end comes on its own, after all bytes are here.
    third?.response.writeHead(206, { 'content-range': `bytes ${2 * MIB}-${3 * MIB - 1}/${SIZE}` });
    third?.response.write(fixture.content.subarray(2 * MIB, 3 * MIB));
    await until(() => sizeOf(state.partial.have) === HEAD + MIB);
    third?.response.end();
    const next = (await requests(5))[4];
    expect(next?.socket).toBe(third?.socket);
    await serveRest(transfer);
    expectWhole(transfer);
  });

  test('are replaced where they break', async () => {
    const transfer = await begin();
    const [, second] = await transfer.requests(4);
    await breakOff(transfer, second);
    const replacement = (await transfer.requests(5))[4];
    expect([replacement?.start, replacement?.end]).toEqual([MIB + 1, 2 * MIB]);
    await serveRest(transfer);
    expectWhole(transfer);
  });

  test('are replaced where their answer ends early', async () => {
    const transfer = await begin();
    const [, second] = await transfer.requests(4);
    second?.response.writeHead(206, { 'content-range': `bytes ${MIB}-${2 * MIB - 1}/${SIZE}` });
    second?.response.end(fixture.content.subarray(MIB, MIB + 1_000));
    const replacement = (await transfer.requests(5))[4];
    expect([replacement?.start, replacement?.end]).toEqual([MIB + 1_000, 2 * MIB]);
    await serveRest(transfer);
    expectWhole(transfer);
  });

  test('are replaced four times, and then the attempt is over', async () => {
    const transfer = await begin();
    for (let broken = 0; broken < 4; broken += 1) {
      const requests = await transfer.requests(4 + broken);
      await breakOff(transfer, requests.at(-1));
    }
    for (const held of await transfer.requests(8)) {
      if (!held.response.closed) await breakOff(transfer, held);
    }
    expect((await failure(transfer.done)).code).toBe('TRUNCATED');
    expect(transfer.arrived).toHaveLength(8);
  });

  test.each([403, 429, 503])('make up for one that is answered %i', async (status) => {
    const transfer = await begin();
    const [, second] = await transfer.requests(4);
    second?.response.writeHead(status).end();
    await second?.closed;
    await serveRest(transfer);
    expectWhole(transfer);
  });

  test('do not ask again where one was refused, however slow the first one is', async () => {
    const transfer = await begin({ crowd: false, measure: 0, worthwhile: 0 });
    const { state, arrived } = transfer;
    const [first] = arrived;
    let position = HEAD;
    const drip = async () => {
      const before = state.fetched;
      position += 10;
      first?.send(position);
      await until(() => state.fetched > before);
    };
    while (arrived.length < 4) {
      await drip();
      await sleep(5);
    }
    for (const { response } of arrived.slice(1)) response.writeHead(403).end();
    for (const { closed } of arrived.slice(1)) await closed;
    for (let count = 0; count < 20; count += 1) {
      await sleep(5);
      await drip();
    }
    first?.send();
    await transfer.done;
    expectWhole(transfer);
    expect(arrived).toHaveLength(4);
  });

  test('end when the disk fails one of them', async () => {
    const transfer = await begin();
    const requests = await transfer.requests(4);
    await given(transfer, HEAD);
    await transfer.state.partial.close();
    requests[1]?.send(MIB + 1_000);
    expect((await failure(transfer.done)).code).toBe('INSTALL_FAILED');
    for (const { closed } of requests) await closed;
  });

  test('fail as the last of them does', async () => {
    const transfer = await begin({ lanes: 2 });
    const [first, second] = await transfer.requests(2);
    second?.response.writeHead(503).end();
    await second?.closed;
    first?.socket.destroy();
    const last = (await transfer.requests(3))[2];
    last?.response.writeHead(403).end();
    expect(await failure(transfer.done)).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      fields: { status: 403 },
    });
  });

  test('end when they are aborted, and leave what has come to a later run', async () => {
    const transfer = await begin();
    const { state, requests } = transfer;
    const [first, , third, fourth] = await requests(4);
    fourth?.send(3 * MIB + 1_000);
    third?.send();
    first?.send(MIB);
    // Those that are left were all opened for the crew.
    await first?.closed;
    await until(() => sizeOf(state.partial.have) === 2 * MIB + 1_000);
    transfer.abort();
    await expect(transfer.done).rejects.toThrow();
    for (const { closed } of transfer.arrived) await closed;
    await state.partial.begin(state.edition);
    await state.partial.close();
    const left = await openPartial(state.partial.path);
    await left.close();
    expect(left.have).toEqual([
      { start: 0, end: MIB },
      { start: 2 * MIB, end: 3 * MIB + 1_000 },
    ]);
  });

  test('end when the consumer fails', async () => {
    const transfer = await begin();
    const requests = await transfer.requests(4);
    transfer.state.sink.push = () => {
      throw new Error('enough');
    };
    requests[0]?.send(MIB);
    await expect(transfer.done).rejects.toThrow('enough');
    for (const { closed } of requests) await closed;
  });
});

describe('a server that sends the asset whole where a part was asked for', () => {
  async function refused(): Promise<Begun> {
    const transfer = await begin();
    for (const { response } of (await transfer.requests(4)).slice(1)) sendWhole(response);
    for (const { closed } of transfer.arrived.slice(1)) await closed;
    return transfer;
  }

  function sendWhole(response: ServerResponse): void {
    // Not to its end: the other side has to close it.
    response.writeHead(200, { etag: '"one"', 'content-length': SIZE });
    response.write(fixture.content.subarray(0, 1_000));
  }

  test('is read by the first connection alone', async () => {
    const transfer = await refused();
    transfer.arrived[0]?.send();
    await transfer.done;
    expectWhole(transfer);
    expect(transfer.state.fetched).toBe(SIZE);
    expect(transfer.state.edition).not.toBeNull();
  });

  test('is asked for the whole when that one breaks', async () => {
    const transfer = await refused();
    transfer.arrived[0]?.socket.destroy();
    const last = (await transfer.requests(5))[4];
    if (last !== undefined) sendWhole(last.response);
    expect((await failure(transfer.done)).code).toBe('TRUNCATED');
    expect(transfer.state.edition).toBeNull();
  });
});
