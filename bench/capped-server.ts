import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../test/support/fault-server.ts';
import { type Body, openBody, sendBody } from '../test/support/loopback-body.ts';

/** A server of one file on loopback, with ETag and ranges. */
export interface CappedServer extends AsyncDisposable {
  readonly url: string;
  readonly size: number;
  readonly sha256: string;
  /** Bytes of the file sent so far, over all connections. */
  readonly served: number;
  /** Resolves once `holdAt` is reached and the last chunk before it had the time to arrive. */
  readonly held: Promise<void>;
  /** Cuts what is held back, and holds no more. */
  release(): void;
}

export interface Cap {
  /** Bytes a second that one connection carries. Default: no limit. */
  readonly rate?: number;
  /** Send nothing beyond so many bytes in all, and keep the connections open. Default: never. */
  readonly holdAt?: number;
}

/** What a client did not take in time is made up for by this much at most, in ms. */
const BURST = 100;
/** From the last chunk until a client on a busy machine has read all that the socket held, in ms. */
const ARRIVAL = 1000;

export async function startCappedServer(
  path: string,
  { rate = Number.POSITIVE_INFINITY, holdAt = Number.POSITIVE_INFINITY }: Cap = {},
): Promise<CappedServer> {
  const whole = openBody(path);
  const gate = new EventTarget();
  const held = once(gate, 'held').then(() => sleep(ARRIVAL));
  let limit = holdAt;
  let served = 0;

  // HTTP/1.1 has one answer at a time on a connection: to cap each answer caps the connection.
  async function* paced(start: number, end: number): AsyncGenerator<Buffer> {
    let due = performance.now();
    for await (const chunk of whole.read(start, end) as AsyncIterable<Buffer>) {
      due = Math.max(due, performance.now() - BURST) + (chunk.length / rate) * 1000;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      if (served + chunk.length > limit) {
        const released = once(gate, 'released');
        gate.dispatchEvent(new Event('held'));
        await released;
        return;
      }
      served += chunk.length;
      yield chunk;
    }
  }
  const body: Body = {
    ...whole,
    read: (start, end) => Readable.from(paced(start, end), { objectMode: false }),
  };
  const server = await listen(
    createServer((request, response) => void sendBody(request, response, body)),
    [],
  );
  const release = () => {
    limit = Number.POSITIVE_INFINITY;
    gate.dispatchEvent(new Event('released'));
  };
  return {
    url: server.url,
    size: whole.size,
    sha256: whole.sha256,
    get served() {
      return served;
    },
    held,
    release,
    async [Symbol.asyncDispose]() {
      release();
      await server.close();
    },
  };
}
