import { execFile } from 'node:child_process';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDownload, prunePartials } from '../../src/fetch/index.ts';
import { bundledFixture } from '../support/bundled-fixture.ts';
import {
  collect,
  type DownloadFixture,
  downloadFixture,
  serveFile,
} from '../support/download-fixture.ts';
import { failure } from '../support/failure.ts';
import { type FaultServer, startServer } from '../support/fault-server.ts';

let fixture: DownloadFixture;
const servers: FaultServer[] = [];

beforeEach(async () => {
  fixture = await downloadFixture({ size: 3_000_000, env: { GH_TOKEN: 'canary-token' } });
});
afterEach(async () => {
  for (const one of servers.splice(0)) await one.close();
  await fixture[Symbol.asyncDispose]();
});

async function server(answer: Parameters<typeof startServer>[0]): Promise<FaultServer> {
  const made = await startServer(answer);
  servers.push(made);
  return made;
}

describe('an abort', () => {
  test('closes the connection and the file, keeps the bytes and rejects', async () => {
    let open = 0;
    const serve = serveFile(fixture.content, { rate: 1_000_000 });
    const { url } = await server((request, response) => {
      open += 1;
      response.on('close', () => {
        open -= 1;
      });
      serve(request, response);
    });
    const before = await openFiles();
    const controller = new AbortController();
    const asset = fixture.asset([{ kind: 'browser', url }]);
    const request = fixture.request(asset, {
      signal: controller.signal,
      onProgress: (event) => {
        fixture.events.push(event);
        if (event.type === 'download' && event.received > 0) controller.abort();
      },
    });
    expect((await failure(collect(openDownload(request).bytes))).code).toBe('ABORTED');
    for (let wait = 0; open > 0 && wait < 50; wait += 1) await sleep(10);
    expect(open).toBe(0);
    expect(await openFiles()).toEqual(before);
    expect(fixture.events.filter(({ type }) => type === 'retry')).toEqual([]);
    expect(await readdir(join(fixture.home, 'partial'))).toHaveLength(2);
  });

  test('before anything is read asks for nothing', async () => {
    const { url, requests } = await server(serveFile(fixture.content));
    const asset = fixture.asset([{ kind: 'browser', url }]);
    const request = fixture.request(asset, { signal: AbortSignal.abort() });
    expect((await failure(collect(openDownload(request).bytes))).code).toBe('ABORTED');
    expect(requests).toHaveLength(0);
  });

  test('in the pause before a retry ends it', async () => {
    const { url, requests } = await server((_, response) => response.writeHead(503).end());
    const controller = new AbortController();
    const asset = fixture.asset([{ kind: 'browser', url }]);
    const request = fixture.request(asset, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    const tuning = { retry: { pause: 60_000, longestPause: 60_000 } };
    expect((await failure(collect(openDownload(request, tuning).bytes))).code).toBe('ABORTED');
    expect(requests).toHaveLength(1);
  });
});

test('a consumer that stops early closes the connection', async () => {
  let closed = false;
  const serve = serveFile(fixture.content, { rate: 1_000_000 });
  const { url } = await server((request, response) => {
    response.on('close', () => {
      closed = true;
    });
    serve(request, response);
  });
  const asset = fixture.asset([{ kind: 'browser', url }]);
  for await (const _ of openDownload(fixture.request(asset)).bytes) break;
  for (let wait = 0; !closed && wait < 50; wait += 1) await sleep(10);
  expect(closed).toBe(true);
});

test('a consumer that takes its time holds the download back', async () => {
  await using large = await downloadFixture({ size: 24_000_000 });
  const { url } = await server(serveFile(large.content));
  const download = openDownload(large.request(large.asset([{ kind: 'browser', url }])));
  let received = 0;
  for await (const chunk of download.bytes) {
    if (received === 0) {
      await sleep(500);
      expect((await stat(download.path)).size).toBeLessThan(12_000_000);
    }
    received += chunk.length;
  }
  expect(received).toBe(24_000_000);
});

test('a download that is given up before it began asks for nothing', async () => {
  const { url, requests } = await server(serveFile(fixture.content));
  const { bytes } = openDownload(fixture.request(fixture.asset([{ kind: 'browser', url }])));
  const reading = bytes[Symbol.asyncIterator]();
  await reading.return?.();
  expect((await reading.next()).done).toBe(true);
  await sleep(50);
  expect((await reading.next()).done).toBe(true);
  expect(requests).toHaveLength(0);
});

describe('a disk', () => {
  test('that takes no more ends the download, and not as if a source was at fault', async () => {
    const { url } = await server(serveFile(fixture.content));
    const asset = JSON.stringify(fixture.asset([{ kind: 'browser', url }]));
    const child = await bundledFixture('download-child');
    // 1 MiB, in blocks of 512 bytes.
    const capped = ['-c', 'ulimit -f 2048; exec "$0" "$@"', process.execPath, child];
    const { stdout } = await promisify(execFile)('sh', [...capped, asset, fixture.home]);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'DISK_FULL' });
  });

  test('that cannot hold the partial file ends it before anything is asked for', async () => {
    const { url, requests } = await server(serveFile(fixture.content));
    const file = join(fixture.home, 'file');
    await writeFile(file, '');
    const asset = fixture.asset([{ kind: 'browser', url }]);
    const request = fixture.request(asset, { partialDir: join(file, 'partial') });
    expect((await failure(collect(openDownload(request).bytes))).code).toBe('INSTALL_FAILED');
    expect(requests).toHaveLength(0);
  });
});

test('progress is said about ten times a second, and first and last always', async () => {
  const { url } = await server(serveFile(fixture.content, { rate: 5_000_000 }));
  const asset = fixture.asset([{ kind: 'browser', url }]);
  const started = performance.now();
  await collect(openDownload(fixture.request(asset)).bytes);
  const seconds = (performance.now() - started) / 1000;
  const told = fixture.events.filter(({ type }) => type === 'download');
  expect(told[0]).toMatchObject({ received: 0, total: 3_000_000, resumed: 0 });
  expect(told.at(-1)).toMatchObject({ received: 3_000_000 });
  expect(told.length).toBeGreaterThan(3);
  expect(told.length).toBeLessThan(seconds * 10 + 3);
});

describe('the token', () => {
  const faults: [string, Parameters<typeof startServer>[0]][] = [
    ['404', (_, response) => response.writeHead(404).end()],
    ['401', (_, response) => response.writeHead(401).end()],
    ['500', (_, response) => response.writeHead(500).end()],
    ['cut', (_, response) => response.writeHead(200, { 'content-length': 9 }).end('x')],
    ['away', (_, response) => response.writeHead(302, { location: 'http://example.com' }).end()],
    ['html', (_, response) => response.end('<html>canary-token</html>')],
    ['wrong', (_, response) => response.end(Buffer.alloc(3_000_000))],
    ['right', (request, response) => serveFile(fixture.content)(request, response)],
  ];
  test.each(faults)('is nowhere to be seen in case of %s', async (_, answer) => {
    const { url, requests } = await server((request, response) => {
      if (response.req.headers.range === undefined) answer(request, response);
    });
    const asset = fixture.asset([{ kind: 'api', url: `${url}/assets/1?canary-query` }]);
    const request = fixture.request(asset);
    const github = { ...request.settings.github, apiUrl: url };
    const settings = { ...request.settings, github };
    const tuning = { retry: { attempts: 2, pause: 5 } };
    const outcome = await collect(openDownload({ ...request, settings }, tuning).bytes).catch(
      (error: unknown) => inspect(error, { depth: 9 }) + JSON.stringify(error),
    );
    expect(requests[0]?.headers.authorization).toBe('Bearer canary-token');
    const dir = join(fixture.home, 'partial');
    const files = await Promise.all(
      (await readdir(dir)).map((name) => readFile(join(dir, name), 'latin1')),
    );
    const seen = [typeof outcome === 'string' ? outcome : '', ...files];
    expect(seen.join('') + JSON.stringify(fixture.events)).not.toContain('canary');
  });
});

describe('pruning', () => {
  const DAY = 86_400_000;

  test('removes what nobody has touched for long, and nothing that is not ours', async () => {
    const dir = fixture.home;
    const old = `sha256-${'a'.repeat(64)}.1-00000000-00000000`;
    const names = [old, `${old}.json`, `sha256-${'b'.repeat(64)}.1-00000000-00000000`, 'mine.txt'];
    for (const name of names) await writeFile(join(dir, name), 'four');
    const then = new Date(Date.now() - 8 * DAY);
    for (const name of [old, `${old}.json`, 'mine.txt']) await utimes(join(dir, name), then, then);
    expect(await prunePartials(dir, 7 * DAY)).toBe(8);
    expect((await readdir(dir)).sort()).toEqual(['mine.txt', names[2]].sort());
    expect((await stat(join(dir, 'mine.txt'))).size).toBe(4);
  });

  test('has nothing to do where nothing was downloaded', async () => {
    expect(await prunePartials(join(fixture.home, 'missing'), DAY)).toBe(0);
  });
});

/** What this process has open below the fixture's home. */
async function openFiles(): Promise<number> {
  const links = await readdir('/proc/self/fd').catch(() => []);
  return links.length;
}
