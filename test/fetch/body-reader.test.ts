import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BodyReader, readBody } from '../../src/fetch/body-reader.ts';
import { createHttp } from '../../src/fetch/http/index.ts';
import { createHttpSource } from '../../src/fetch/http-source.ts';
import type { TransferTuning } from '../../src/fetch/transfer-state.ts';
import { type DownloadFixture, downloadFixture } from '../support/download-fixture.ts';
import { failure } from '../support/failure.ts';
import { type FaultServer, startServer } from '../support/fault-server.ts';
import { transferState } from '../support/transfer-state.ts';

const SIZE = 100_000;
let fixture: DownloadFixture;
let server: FaultServer | undefined;
let reader: BodyReader | undefined;

beforeEach(async () => {
  fixture = await downloadFixture({ size: SIZE });
});
afterEach(async () => {
  reader?.destroy();
  await server?.close();
  await fixture[Symbol.asyncDispose]();
});

/** A body that has begun, and the way to send more of it. */
async function begun(tuning: Partial<TransferTuning>) {
  let write: (bytes: number) => void = () => undefined;
  server = await startServer((_, response) => {
    let sent = 0;
    response.writeHead(200, { 'content-length': SIZE });
    write = (bytes) => {
      response.write(fixture.content.subarray(sent, sent + bytes));
      sent += bytes;
    };
    write(1);
  });
  const { state } = await transferState(fixture, tuning);
  const http = createHttp({ env: {} }, { timeouts: { stall: 0 } });
  const source = createHttpSource({ kind: 'browser', url: server.url }, http.open);
  const opened = await source.open(null, state.signal);
  const body = readBody(opened, state);
  reader = body;
  await state.partial.close();
  expect(await body.next()).toHaveLength(1);
  return { body, write };
}

describe('a connection that stalls', () => {
  test('is given up', async () => {
    const { body } = await begun({ stall: 50 });
    const error = await failure(body.next());
    expect(error.code).toBe('TRUNCATED');
    expect(error.cause).toMatchObject({ message: 'no byte came for 0.05 s' });
  });

  test('is not what a slow consumer looks like', async () => {
    const { body, write } = await begun({ stall: 50 });
    await sleep(200);
    const next = body.next();
    write(2);
    expect(await next).toHaveLength(2);
  });

  test('is given up also after the consumer has taken its time', async () => {
    const { body } = await begun({ stall: 50 });
    await sleep(100);
    expect((await failure(body.next())).code).toBe('TRUNCATED');
  });

  test('is not what a process looks like that was held up', async () => {
    const { body, write } = await begun({ stall: 50 });
    const both = (async () => [await body.next(), await body.next()])();
    write(2);
    holdUp(200);
    setTimeout(() => write(3), 10);
    expect((await both).map((chunk) => chunk?.length)).toEqual([2, 3]);
  });
});

describe('a connection that drips', () => {
  test('is given up when it was too slow for too long', async () => {
    const { body, write } = await begun({ lowSpeedLimit: 1_000, lowSpeedTime: 100 });
    const dripping = setInterval(() => write(1), 10);
    const error = await failure(
      (async () => {
        while ((await body.next()) !== null);
      })(),
    );
    clearInterval(dripping);
    expect(error.code).toBe('TRUNCATED');
    expect(error.cause).toMatchObject({
      message: 'fewer than 1000 bytes a second came for 0.1 s',
    });
  });

  test('is not what a slow consumer looks like', async () => {
    const { body, write } = await begun({ lowSpeedLimit: 1_000, lowSpeedTime: 100 });
    for (let round = 0; round < 5; round += 1) {
      write(1);
      await sleep(50);
      expect(await body.next()).toHaveLength(1);
    }
  });

  test('is not what a slow connection looks like', async () => {
    const { body, write } = await begun({ lowSpeedLimit: 1_000, lowSpeedTime: 20 });
    for (let round = 0; round < 5; round += 1) {
      const next = body.next();
      await sleep(30);
      write(20);
      expect(await next).toHaveLength(20);
    }
  });
});

test('waits count once each', async () => {
  const { body, write } = await begun({ lowSpeedLimit: 1_000, lowSpeedTime: 10_000 });
  for (let round = 0; round < 100; round += 1) {
    const next = body.next();
    await sleep(5);
    write(1);
    expect(await next).toHaveLength(1);
  }
});

/** Nothing happens in this process for so many ms. */
function holdUp(time: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);
}
