import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { bundledFixture } from '../../support/bundled-fixture.ts';
import { openHttp } from '../../support/loopback-http.ts';

const other = process.platform !== 'linux';
const why = other ? ' (skipped: other systems queue connections in another way)' : '';

/** A port on `::1` where nobody answers. */
async function silentPort(): Promise<number> {
  const program = await bundledFixture('silent-listener');
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const port = Number(line);
  for (let queued = 0; queued < 16; queued += 1) {
    const socket = net.connect(port, '::1').on('error', () => socket.destroy());
    onTestFinished(() => void socket.destroy());
    const answered = await Promise.race([once(socket, 'connect'), sleep(300)]);
    if (answered === undefined) return port;
  }
  throw new Error('the listener still answers');
}

test.skipIf(other)(
  `a host that takes no connection is tried once more and no third time${why}`,
  async () => {
    const port = await silentPort();
    const retries: unknown[] = [];
    const http = openHttp({
      timeouts: { connect: 500 },
      retry: { pause: 1 },
      onProgress: (event) => event.type === 'retry' && retries.push(event.attempt),
    });
    await expect(http.getText(`http://[::1]:${port}/`)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      fields: { reason: 'unreachable', errno: 'ETIMEDOUT' },
    });
    expect(retries).toEqual([2]);
  },
);

test.skipIf(other)(
  `an IPv6 that does not answer costs a moment, not the time-out${why}`,
  async () => {
    const port = await silentPort();
    const server = createServer((_, response) => response.end('by IPv4')).listen(port, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const addresses = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    const lookup = ((_: string, __: object, done: (error: null, all: object) => void) =>
      process.nextTick(done, null, addresses)) as unknown as typeof dns.lookup;
    const spy = vi.spyOn(dns, 'lookup').mockImplementation(lookup);
    onTestFinished(() => void spy.mockRestore());
    const http = openHttp();
    const started = performance.now();
    expect(await http.getText(`http://localhost:${port}/`)).toBe('by IPv4');
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(spy).toHaveBeenCalled();
  },
);
