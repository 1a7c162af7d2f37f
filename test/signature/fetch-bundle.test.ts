import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { ProgressEvent } from '../../src/events.ts';
import { parseVersion } from '../../src/pin/version.ts';
import { type BundleRequest, fetchBundle } from '../../src/signature/fetch-bundle.ts';
import { failure } from '../support/failure.ts';
import { startRawServer } from '../support/fault-server.ts';
import { LINUX, loopbackSettings } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 900\r\nconnection: close\r\n\r\n';

/** Asks for the bundles of an asset that came from `url`. */
async function ask(url: string, more: Partial<BundleRequest> = {}) {
  const home = await tempDir();
  return fetchBundle({
    version: parseVersion('0.115.0'),
    target: LINUX,
    asset: {
      name: 'codex-x86_64-unknown-linux-musl.tar.gz',
      target: LINUX,
      variant: 'binary',
      format: 'tar.gz',
      layout: 'bare',
      size: 1,
      digests: [],
      sources: [{ kind: 'browser', url }],
    },
    delivered: 'browser',
    settings: loopbackSettings({ env: { GITHUB_SERVER_URL: url } }, home),
    workDir: home,
    ...more,
  });
}

test('a bundle that ends early without an error of the connection is not taken', async () => {
  await using server = await startRawServer((socket) => {
    socket.end(`${HEAD}{}`);
  });
  expect((await failure(ask(server.url))).code).toBe('SIGNATURE_UNREACHABLE');
  expect(server.requests.length).toBeGreaterThan(1);
});

test('the connections that looked for a bundle end with the search', async () => {
  const sockets = new Set<Socket>();
  await using server = await startRawServer((socket) => {
    sockets.add(socket);
    socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
  });
  expect((await failure(ask(server.url))).code).toBe('SIGNATURE_MISSING');
  for (const socket of sockets) if (!socket.closed) await once(socket, 'close');
  expect(sockets.size).toBe(1);
});

test('a bundle is not asked for again once it is aborted, and its connection ends', async () => {
  const controller = new AbortController();
  const events: ProgressEvent[] = [];
  let socket: Socket | undefined;
  await using server = await startRawServer((asking) => {
    socket = asking;
    asking.write(`${HEAD}{`, () => setTimeout(() => controller.abort(), 50));
  });
  const more = {
    signal: controller.signal,
    onProgress: (event: ProgressEvent) => void events.push(event),
  };
  expect((await failure(ask(server.url, more))).code).toBe('ABORTED');
  expect(events).toEqual([]);
  if (socket?.closed === false) await once(socket, 'close');
});
