import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Asset } from '../../src/asset.ts';
import { openDownload, receiveAsset } from '../../src/fetch/index.ts';
import { bundledFixture } from '../support/bundled-fixture.ts';
import {
  collect,
  type DownloadFixture,
  downloadFixture,
  serveFile,
  sha256,
} from '../support/download-fixture.ts';
import { failure } from '../support/failure.ts';
import { type FaultServer, startRawServer, startServer } from '../support/fault-server.ts';

const QUICK = { retry: { pause: 5 }, stall: 300 };
const SIZE = 3_000_000;
const CUT = 2_700_000;
const DATE = 'Fri, 20 Nov 2026 12:00:00 GMT';
let fixture: DownloadFixture;
const servers: FaultServer[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  fixture = await downloadFixture({ size: SIZE });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const one of servers.splice(0)) await one.close();
  await fixture[Symbol.asyncDispose]();
});

async function server(answer: Parameters<typeof startServer>[0]): Promise<FaultServer> {
  const made = await startServer(answer);
  servers.push(made);
  return made;
}

async function rawServer(answer: Parameters<typeof startRawServer>[0]): Promise<FaultServer> {
  const made = await startRawServer(answer);
  servers.push(made);
  return made;
}

/** Serves `content` and breaks the first answer off after `cut` bytes. */
async function breakingServer({
  cut = CUT,
  first = serveHead,
  later = serveFile(fixture.content),
  content = fixture.content,
}: {
  cut?: number;
  content?: Buffer;
  first?: typeof serveHead;
  later?: Parameters<typeof startServer>[0];
} = {}): Promise<FaultServer> {
  let broken = false;
  return server((request, response) => {
    if (broken) return later(request, response);
    broken = true;
    first(response);
    response.write(content.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  });
}

function serveHead(response: Parameters<Parameters<typeof startServer>[0]>[1]): void {
  response.writeHead(200, { 'content-length': SIZE, etag: '"one"' });
}

function browser(url: string, changes: Partial<Asset> = {}): Asset {
  return fixture.asset([{ kind: 'browser', url }], changes);
}

describe('a body that ends early', () => {
  const heads = {
    'of a known length': `Content-Length: ${SIZE}\r\nETag: "one"\r\n`,
    'in chunks': 'Transfer-Encoding: chunked\r\nETag: "one"\r\n',
    'until the connection closes': 'ETag: "one"\r\n',
  };
  test.each(Object.entries(heads))('%s is continued by range', async (_, head) => {
    const { url, requests } = await rawServer((socket, request) => {
      if (/^range:/im.test(request)) {
        socket.write('HTTP/1.1 206 Partial Content\r\nETag: "one"\r\nConnection: close\r\n');
        socket.write(`Content-Range: bytes ${CUT}-${SIZE - 1}/${SIZE}\r\n\r\n`);
        socket.end(fixture.content.subarray(CUT));
        return;
      }
      socket.write(`HTTP/1.1 200 OK\r\n${head}Connection: close\r\n\r\n`);
      if (head.includes('chunked')) socket.write(`${SIZE.toString(16)}\r\n`);
      socket.end(fixture.content.subarray(0, CUT));
    });
    const download = openDownload(fixture.request(browser(url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.fetched).toBe(SIZE);
    expect(requests[1]?.headers).toMatchObject({ range: `bytes=${CUT}-` });
  });

  test('of a known length is fetched only from where it stopped', async () => {
    const { url, requests } = await breakingServer();
    const download = openDownload(fixture.request(browser(url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.fetched).toBe(SIZE);
    expect(requests[1]?.headers).toMatchObject({ range: `bytes=${CUT}-`, 'if-range': '"one"' });
    expect(fixture.events).toContainEqual(expect.objectContaining({ type: 'retry', attempt: 2 }));
  });

  const ends = `bytes ${CUT}-${SIZE - 1}`;
  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['without its ETag', { etag: '"one"' }, { 'content-range': `${ends}/${SIZE}` }],
    ['without a total', { etag: '"one"' }, { etag: '"one"', 'content-range': `${ends}/*` }],
    [
      'of a date',
      { 'last-modified': DATE },
      { 'last-modified': DATE, 'content-range': `${ends}/${SIZE}` },
    ],
  ])('is continued by a part %s', async (_, first, part) => {
    const { url, requests } = await breakingServer({
      first: (response) => response.writeHead(200, { 'content-length': SIZE, ...first }),
      later: (_request, response) =>
        response.writeHead(206, part).end(fixture.content.subarray(CUT)),
    });
    const download = openDownload(fixture.request(browser(url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(requests[1]?.headers['if-range']).toBe(Object.values(first)[0]);
    expect(download.outcome.fetched).toBe(SIZE);
  });

  test('is continued where the server failed meanwhile, and by the part after a part', async () => {
    const { url, requests } = await breakingServer({
      later: (request, response) => {
        if (requests.length === 2) return response.writeHead(503).end();
        if (requests.length > 3) return serveFile(fixture.content)(request, response);
        // What a 206 leaves out is as it was.
        const range = `${ends}/${SIZE}`;
        response.writeHead(206, { 'content-range': range, 'content-length': SIZE - CUT });
        return response.write(fixture.content.subarray(CUT, CUT + 100_000), () =>
          setTimeout(() => response.destroy(), 20),
        );
      },
    });
    const tuning = { ...QUICK, retry: { pause: 5, attempts: 5 } };
    const download = openDownload(fixture.request(browser(url)), tuning);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.fetched).toBe(SIZE);
    expect(requests[3]?.headers).toMatchObject({
      range: `bytes=${CUT + 100_000}-`,
      'if-range': '"one"',
    });
  });

  test('is continued although the rest starts like a web page', async () => {
    fixture.content.write('<html>', CUT);
    const { url } = await breakingServer();
    const download = openDownload(fixture.request(browser(url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.fetched).toBe(SIZE);
  });

  test('before its first byte is asked for as a whole again', async () => {
    const { url, requests } = await breakingServer({ cut: 0 });
    const download = openDownload(fixture.request(browser(url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(requests).toHaveLength(2);
    expect(requests[1]?.headers.range).toBeUndefined();
  });

  test('again and again is given up as unavailable, never accepted', async () => {
    const { url } = await server((_, response) => {
      serveHead(response);
      response.write(fixture.content.subarray(0, 1000), () => response.destroy());
    });
    const error = await failure(collect(openDownload(fixture.request(browser(url)), QUICK).bytes));
    expect(error.code).toBe('SOURCES_EXHAUSTED');
    expect(error.fields['reasons']).toMatchObject([{ code: 'TRUNCATED' }]);
  });

  test('without any length is never taken for the asset', async () => {
    const { url } = await rawServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf');
    });
    const asset = browser(url, { size: null });
    const opened = openDownload(fixture.request(asset), QUICK);
    const error = await failure(collect(opened.bytes));
    expect(error).toMatchObject({ code: 'TRUNCATED', fields: { restart: true } });
    const received = receiveAsset(fixture.request(asset), ({ bytes }) => collect(bytes), QUICK);
    expect((await failure(received)).code).toBe('DIGEST_MISMATCH');
  });
});

describe('a server without a strong validator', () => {
  const headers = (etag: string | undefined) => ({
    'content-length': SIZE,
    ...(etag === undefined ? {} : { etag }),
  });
  const ranges = (requests: readonly { headers: IncomingHttpHeaders }[]) =>
    requests.map(({ headers }) => [headers.range, headers['if-range']]);

  test.each([undefined, 'W/"one"'])(
    'goes on where it stopped, without If-Range: a digest judges the whole (%s)',
    async (etag) => {
      const { url, requests } = await breakingServer({
        first: (response) => response.writeHead(200, headers(etag)),
        later: serveFile(fixture.content, { etag: etag ?? null }),
      });
      const download = openDownload(fixture.request(browser(url)), QUICK);
      expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
      expect(download.outcome.fetched).toBe(SIZE);
      expect(ranges(requests)).toEqual([
        [undefined, undefined],
        [`bytes=${CUT}-`, undefined],
      ]);
    },
  );

  test('is not continued from another edition that it tells of', async () => {
    const { url } = await breakingServer({
      first: (response) => response.writeHead(200, headers('W/"one"')),
      later: serveFile(fixture.content, { etag: 'W/"two"' }),
    });
    const download = openDownload(fixture.request(browser(url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.fetched).toBe(SIZE + CUT);
  });

  test('whose bytes have changed is asked once more for the whole', async () => {
    const other = Buffer.from(fixture.content);
    other[7] = (other[7] ?? 0) ^ 1;
    const { url, requests } = await breakingServer({
      first: (response) => response.writeHead(200, headers(undefined)),
      content: other,
      later: serveFile(fixture.content, { etag: null }),
    });
    const { result } = await receiveAsset(
      fixture.request(browser(url)),
      ({ bytes }) => collect(bytes),
      QUICK,
    );
    expect(result.equals(fixture.content)).toBe(true);
    expect(ranges(requests)).toEqual([
      [undefined, undefined],
      [`bytes=${CUT}-`, undefined],
      [undefined, undefined],
    ]);
  });

  test('whose bytes are wrong twice is refused', async () => {
    const { url, requests } = await breakingServer({
      first: (response) => response.writeHead(200, headers(undefined)),
      later: serveFile(Buffer.alloc(SIZE), { etag: null }),
    });
    const received = receiveAsset(
      fixture.request(browser(url)),
      ({ bytes }) => collect(bytes),
      QUICK,
    );
    expect((await failure(received)).code).toBe('DIGEST_MISMATCH');
    expect(requests).toHaveLength(3);
  });
});

describe('starting over', () => {
  const cases: [string, Parameters<typeof startServer>[0]][] = [
    ['ignores the range', (request, response) => serve({ ranges: false })(request, response)],
    [
      'answers with another offset',
      (request, response) => {
        if (request.headers.range === undefined) return serve()(request, response);
        const part = fixture.content.subarray(CUT - 9);
        const range = `bytes ${CUT - 9}-${SIZE - 1}/${SIZE}`;
        return response.writeHead(206, { etag: '"one"', 'content-range': range }).end(part);
      },
    ],
    [
      'answers with another total',
      (request, response) => {
        if (request.headers.range === undefined) return serve()(request, response);
        const range = `bytes ${CUT}-${SIZE}/${SIZE + 1}`;
        const part = Buffer.concat([fixture.content.subarray(CUT), Buffer.from('x')]);
        return response.writeHead(206, { etag: '"one"', 'content-range': range }).end(part);
      },
    ],
    [
      'answers a part and does not say which',
      (request, response) =>
        request.headers.range === undefined
          ? serve()(request, response)
          : response.writeHead(206, { etag: '"one"' }).end(fixture.content.subarray(CUT)),
    ],
    [
      'answers a part of another edition',
      (request, response) => {
        if (request.headers.range === undefined) return serve()(request, response);
        const range = `bytes ${CUT}-${SIZE - 1}/${SIZE}`;
        const part = Buffer.alloc(SIZE - CUT);
        return response.writeHead(206, { etag: '"two"', 'content-range': range }).end(part);
      },
    ],
    [
      'says that the range is not satisfiable',
      (request, response) =>
        request.headers.range === undefined
          ? serve()(request, response)
          : response.writeHead(416).end(),
    ],
    ['has another validator', (request, response) => serve({ etag: '"two"' })(request, response)],
  ];
  function serve(options: Parameters<typeof serveFile>[1] = {}) {
    return serveFile(fixture.content, options);
  }

  test.each(cases)(
    'happens when the server %s, and what was delivered is not delivered again',
    async (_, then) => {
      const { url } = await breakingServer({ later: then });
      const download = openDownload(fixture.request(browser(url)), QUICK);
      expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
      expect((await readFile(download.path)).equals(fixture.content)).toBe(true);
      expect(download.outcome.fetched).toBe(CUT + SIZE);
    },
  );

  test('is no mistake of the consumer where an answer ends before what it has', async () => {
    const { url, requests } = await breakingServer({
      later: (request, response) => {
        if (requests.length > 2) return serve()(request, response);
        return response.writeHead(200, { etag: '"two"' }).end(fixture.content.subarray(0, 1_000));
      },
    });
    const download = openDownload(fixture.request(browser(url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(requests).toHaveLength(3);
  });

  test('happens when the next source has to finish what one began', async () => {
    const broken = await server((_, response) => {
      serveHead(response);
      response.write(fixture.content.subarray(0, CUT), () => response.destroy());
    });
    const good = await server(serveFile(fixture.content));
    const asset = fixture.asset([
      { kind: 'browser', url: broken.url },
      { kind: 'mirror', url: good.url },
    ]);
    const download = openDownload(fixture.request(asset), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(good.requests[0]?.headers.range).toBeUndefined();
  });

  test('with other bytes than were delivered is for the consumer to begin again', async () => {
    const other = Buffer.from(fixture.content);
    other[7] = (other[7] ?? 0) ^ 1;
    let requests = 0;
    const { url } = await server((request, response) => {
      requests += 1;
      if (requests > 1) return serveFile(fixture.content, { etag: '"two"' })(request, response);
      serveHead(response);
      return response.write(other.subarray(0, CUT), () => setTimeout(() => response.destroy(), 20));
    });
    let consumed = 0;
    const { result } = await receiveAsset(
      fixture.request(browser(url)),
      ({ bytes }) => {
        consumed += 1;
        return collect(bytes);
      },
      QUICK,
    );
    expect(result.equals(fixture.content)).toBe(true);
    expect(consumed).toBe(2);
    // The broken one, the other one, and the one that was taken.
    expect(requests).toBe(3);
  });
});

test('parts that do not fit together are fetched again as a whole', async () => {
  let requests = 0;
  const { url } = await server((request, response) => {
    requests += 1;
    const wrong = Buffer.alloc(SIZE);
    // The same ETag for other bytes: the server lies.
    if (requests === 2) return serveFile(wrong)(request, response);
    if (requests > 2) return serveFile(fixture.content)(request, response);
    serveHead(response);
    return response.write(fixture.content.subarray(0, CUT), () => {
      setTimeout(() => response.destroy(), 20);
    });
  });
  const request = fixture.request(browser(url));
  const { result } = await receiveAsset(request, ({ bytes }) => collect(bytes), QUICK);
  expect(result.equals(fixture.content)).toBe(true);
  expect(requests).toBe(3);
});

describe('a later run', () => {
  /** The one partial file. */
  async function partial(): Promise<string> {
    const dir = join(fixture.home, 'partial');
    const names = await readdir(dir).catch(() => []);
    const id = `sha256-${sha256(fixture.content)}`;
    return join(dir, names.find((name) => name.startsWith(id) && !name.endsWith('.json')) ?? id);
  }

  /** Makes the partial file look as if `pid` had left it, by default a process that has ended. */
  async function orphan(pid = 2 ** 30): Promise<void> {
    const path = await partial();
    // Without the time of its start, which would tell this process from another of that number.
    const heirless = path
      .replace(`.${process.pid}-`, `.${pid}-`)
      .replace(/-\d+(?=-[0-9a-f]{8}$)/, '');
    await rename(path, heirless);
    await rename(`${path}.json`, `${heirless}.json`);
  }

  /** Stops a download after `CUT` bytes, as a user does. */
  async function interrupt(url: string): Promise<void> {
    const controller = new AbortController();
    const request = fixture.request(browser(url), { signal: controller.signal });
    let received = 0;
    const reading = (async () => {
      for await (const chunk of openDownload(request).bytes) {
        received += chunk.length;
        if (received >= CUT) controller.abort();
      }
    })();
    expect((await failure(reading)).code).toBe('ABORTED');
    expect((await stat(await partial())).size).toBe(CUT);
  }

  async function pausingServer(): Promise<FaultServer> {
    let paused = false;
    return server((request, response) => {
      if (paused) return serveFile(fixture.content)(request, response);
      paused = true;
      serveHead(response);
      return response.write(fixture.content.subarray(0, CUT));
    });
  }

  test('continues what an abort left, and fetches only the rest', async () => {
    const { url, requests } = await pausingServer();
    await interrupt(url);
    const download = openDownload(fixture.request(browser(url)));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome).toMatchObject({
      source: 'browser',
      fetched: SIZE - CUT,
      resumed: CUT,
    });
    expect(requests[1]?.headers.range).toBe(`bytes=${CUT}-`);
  });

  test('counts what it continued although the rest came as a whole', async () => {
    const { url } = await pausingServer();
    await interrupt(url);
    let requests = 0;
    const other = await server((request, response) => {
      requests += 1;
      if (requests > 1) return serveFile(fixture.content, { ranges: false })(request, response);
      const range = `bytes ${CUT}-${SIZE - 1}/${SIZE}`;
      response.writeHead(206, { etag: '"one"', 'content-range': range });
      return response.write('', () => setTimeout(() => response.destroy(), 20));
    });
    const path = `${await partial()}.json`;
    const sidecar = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...sidecar, address: `${other.url}/` }));
    const download = openDownload(fixture.request(browser(other.url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.resumed).toBe(CUT);
  });

  test('needs no network for what is complete', async () => {
    const { url, requests } = await server(serveFile(fixture.content));
    await collect(openDownload(fixture.request(browser(url))).bytes);
    await orphan();
    const download = openDownload(fixture.request(browser(url)));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome).toMatchObject({ source: 'browser', fetched: 0, resumed: SIZE });
    expect(requests).toHaveLength(1);
  });

  describe('of what is complete', () => {
    let complete: string;
    beforeEach(async () => {
      const { url } = await server(serveFile(fixture.content));
      await collect(openDownload(fixture.request(browser(url))).bytes);
      await orphan();
      complete = url;
    });

    test('heals a bit that flipped', async () => {
      const path = await partial();
      const file = await open(path, 'r+');
      await file.write(Buffer.from([(fixture.content[7] ?? 0) ^ 1]), 0, 1, 7);
      await file.close();
      const { result } = await receiveAsset(fixture.request(browser(complete)), ({ bytes }) =>
        collect(bytes),
      );
      expect(result.equals(fixture.content)).toBe(true);
    });

    test('ends when it is aborted', async () => {
      const controller = new AbortController();
      const request = fixture.request(browser(complete), { signal: controller.signal });
      const reading = (async () => {
        for await (const _ of openDownload(request).bytes) controller.abort();
      })();
      expect((await failure(reading)).code).toBe('ABORTED');
    });

    test('ends when somebody cuts the file meanwhile', async () => {
      const download = openDownload(fixture.request(browser(complete)));
      const reading = (async () => {
        for await (const _ of download.bytes) await truncate(download.path, 0);
      })();
      const { code, fields } = await failure(reading);
      expect({ code, fields }).toEqual({ code: 'INSTALL_FAILED', fields: { path: download.path } });
    });
  });

  test('begins anew, from memory of nothing, when the server has another edition', async () => {
    const { url } = await pausingServer();
    await interrupt(url);
    const moved = await server(serveFile(fixture.content, { etag: '"two"' }));
    const sidecar = JSON.parse(await readFile(`${await partial()}.json`, 'utf8'));
    await writeFile(
      `${await partial()}.json`,
      JSON.stringify({ ...sidecar, address: `${moved.url}/` }),
    );
    const download = openDownload(fixture.request(browser(moved.url)));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome).toMatchObject({ source: 'browser', fetched: SIZE, resumed: 0 });
  });

  test.each(['', '{"schemaVersion":1', '{"schemaVersion":2}', 'null'])(
    'begins anew when the sidecar holds %j',
    async (text) => {
      const { url } = await pausingServer();
      await interrupt(url);
      await writeFile(`${await partial()}.json`, text);
      const download = openDownload(fixture.request(browser(url)));
      expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
      expect(download.outcome.resumed).toBe(0);
    },
  );

  test.each([0, CUT / 2, CUT - 1])('heals a bit that flipped at %i', async (position) => {
    const { url } = await pausingServer();
    await interrupt(url);
    const file = await open(await partial(), 'r+');
    await file.write(Buffer.from([(fixture.content[position] ?? 0) ^ 1]), 0, 1, position);
    await file.close();
    const { result, download } = await receiveAsset(fixture.request(browser(url)), ({ bytes }) =>
      collect(bytes),
    );
    expect(result.equals(fixture.content)).toBe(true);
    expect(download.outcome).toMatchObject({ source: 'browser', fetched: SIZE, resumed: 0 });
  });

  test('continues what a killed process left, whose last bytes were on their way', async () => {
    const { url } = await pausingServer();
    const asset = browser(url);
    const args = [JSON.stringify(asset), fixture.home];
    const child = spawn(process.execPath, [await bundledFixture('download-child'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    while ((await stat(await partial()).catch(() => ({ size: 0 }))).size < CUT) await sleep(10);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const download = openDownload(fixture.request(asset));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome).toMatchObject({
      source: 'browser',
      fetched: SIZE - CUT,
      resumed: CUT,
    });
    await download.discard();
    expect(await readdir(join(fixture.home, 'partial'))).toEqual([]);
  });

  test('continues what another container left, and keeps none of it', async () => {
    const { url } = await pausingServer();
    await interrupt(url);
    const path = await partial();
    const theirs = path.replace(/-[0-9a-f]{8}-/, '-00000000-');
    expect(theirs).not.toBe(path);
    await rename(path, theirs);
    await rename(`${path}.json`, `${theirs}.json`);
    const download = openDownload(fixture.request(browser(url)));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.resumed).toBe(CUT);
    await download.discard();
    expect(await readdir(join(fixture.home, 'partial'))).toEqual([]);
  });

  test('shares no file with a process that was stopped and may go on', async () => {
    const { url } = await pausingServer();
    await interrupt(url);
    await orphan(process.ppid);
    const theirs = await open(await partial(), 'r+');
    const download = openDownload(fixture.request(browser(url)));
    const reading = download.bytes[Symbol.asyncIterator]();
    await reading.next();
    await theirs.write(Buffer.alloc(SIZE), 0, SIZE, 0);
    await theirs.close();
    while ((await reading.next()).done !== true);
    expect(download.outcome.resumed).toBe(CUT);
    expect((await readFile(download.path)).equals(fixture.content)).toBe(true);
  });

  test('beside another download of the same process shares no file with it', async () => {
    const { url } = await server(serveFile(fixture.content, { rate: 10_000_000 }));
    const first = openDownload(fixture.request(browser(url)));
    const reading = first.bytes[Symbol.asyncIterator]();
    await reading.next();
    const second = openDownload(fixture.request(browser(url)));
    await collect(second.bytes);
    while ((await reading.next()).done !== true);
    expect(first.path).not.toBe(second.path);
    for (const { path } of [first, second]) {
      expect((await readFile(path)).equals(fixture.content)).toBe(true);
    }
  });

  test('does not keep what cannot be verified to be the same', async () => {
    const { url } = await pausingServer();
    await interrupt(url);
    await rm(`${await partial()}.json`);
    const download = openDownload(fixture.request(browser(url)));
    await collect(download.bytes);
    expect(download.outcome.resumed).toBe(0);
  });
});

describe('a connection that stalls', () => {
  test('is given up and replaced from where it stopped', async () => {
    let stalled = false;
    const { url, requests } = await server((request, response) => {
      if (stalled) return serveFile(fixture.content)(request, response);
      stalled = true;
      serveHead(response);
      return response.write(fixture.content.subarray(0, CUT));
    });
    const download = openDownload(fixture.request(browser(url)), QUICK);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(requests[1]?.headers.range).toBe(`bytes=${CUT}-`);
  });

  test('or drips is, and no byte is fetched twice', async () => {
    let dripping: NodeJS.Timeout | undefined;
    const { url, requests } = await server((request, response) => {
      if (dripping !== undefined) return serveFile(fixture.content)(request, response);
      let sent = CUT;
      serveHead(response);
      response.write(fixture.content.subarray(0, CUT));
      dripping = setInterval(() => {
        response.write(fixture.content.subarray(sent, sent + 1));
        sent += 1;
      }, 10);
      return response.on('close', () => clearInterval(dripping));
    });
    const tuning = { ...QUICK, stall: 60_000, lowSpeedLimit: 100_000, lowSpeedTime: 200 };
    const download = openDownload(fixture.request(browser(url)), tuning);
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.fetched).toBe(SIZE);
    const [, reached] = /^bytes=(\d+)-$/.exec(requests[1]?.headers.range ?? '') ?? [];
    expect(Number(reached)).toBeGreaterThan(CUT);
  });
});
