import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Codex, ServerBusyError } from '../../src/app-server/index.ts';
import { LineSplitter } from '../../src/app-server/transport/line-splitter.ts';
import { failure, serve } from '../support/memory-server.ts';

const CLIENT = fileURLToPath(new URL('../fixtures/app-server/memory-client.ts', import.meta.url));
const MiB = 1024 * 1024;

interface Report {
  readonly outcome: unknown;
  readonly ms: number;
  readonly peakMiB: number;
}

async function clientOf(mode: string, bytes: number, echo = 'echo'): Promise<Report> {
  const args = ['--import', 'tsx', CLIENT, mode, String(bytes), echo];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 100_000 });
  return JSON.parse(stdout) as Report;
}

describe.runIf(process.platform !== 'win32')('a server that asks', () => {
  it('and never reads ends the connection with a typed error, in little memory', async () => {
    const { outcome, peakMiB } = await clientOf('deaf', 1024 * MiB);
    expect(outcome).toMatchObject({
      name: 'TransportClosedError',
      message: expect.stringContaining('does not read'),
    });
    // A Node with a TypeScript loader takes a good half of this by itself.
    expect(peakMiB).toBeLessThan(220);
  });

  it('and reads only when it has asked everything gets every answer: nobody waits for ever', async () => {
    const { outcome } = await clientOf('blocked', 12 * MiB);
    expect((outcome as { lines: number }).lines).toBeGreaterThanOrEqual(768);
  });

  it('and reads a little has its answers held back, not dropped', async () => {
    const { outcome } = await clientOf('slow', 24 * MiB, 'short');
    expect((outcome as { lines: number }).lines).toBeGreaterThanOrEqual(1_536);
  });

  it('more than 1,024 things at a time is refused the rest', async () => {
    const refused: unknown[] = [];
    const { client, send } = serve(({ error }) => error && refused.push(error.code));
    await using _codex = await Codex.over(client, {
      onServerRequest: () => new Promise(() => undefined),
    });
    for (let id = 0; id < 1_030; id += 1) send({ id, method: 'item/tool/call', params: {} });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(refused).toEqual(Array.from({ length: 6 }, () => -32001));
  });
});

describe('a line in many chunks', () => {
  it('of one byte takes no more than twice its length', () => {
    const splitter = new LineSplitter(16 * MiB);
    const byte = Buffer.from('x');
    for (let count = 0; count < 3 * MiB; count += 1) splitter.push(byte);
    expect(splitter.pendingBytes).toBe(3 * MiB);
    expect(splitter.heldBytes).toBeLessThanOrEqual(6 * MiB);
    expect(splitter.push(Buffer.from('\n'))[0]).toHaveLength(3 * MiB);
    expect(splitter.heldBytes).toBeLessThan(MiB);
  });
});

describe('calls', () => {
  it('that the server does not take are refused beyond 16 MiB, and the client lives', async () => {
    const { client, server } = serve(({ id }, send) => id !== undefined && send({ id, result: 1 }));
    await using codex = await Codex.over(client);
    server.pause();
    const text = 'x'.repeat(MiB);
    const calls = Array.from({ length: 20 }, () => failure(codex.request('any', { text })));
    const refused = (await Promise.race([Promise.all(calls), waitFor(100)])) ?? [];
    expect(refused).toEqual([]);
    server.resume();
    const errors = (await Promise.all(calls)).filter((error) => error !== undefined);
    expect(errors.length).toBeGreaterThan(2);
    for (const error of errors) expect(error).toBeInstanceOf(ServerBusyError);
    expect(await codex.request('any')).toBe(1);
  });
});

async function waitFor(ms: number): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return undefined;
}
