import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDownload } from '../../src/fetch/index.ts';
import {
  collect,
  type DownloadFixture,
  downloadFixture,
  serveFile,
  sha256,
} from '../support/download-fixture.ts';
import { failure } from '../support/failure.ts';
import { type FaultServer, startServer } from '../support/fault-server.ts';

const QUICK = { retry: { pause: 5 } };
let fixture: DownloadFixture;
const servers: FaultServer[] = [];

beforeEach(async () => {
  fixture = await downloadFixture();
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

describe('an asset', () => {
  test('arrives from a browser URL, in the partial file too, until it is discarded', async () => {
    const { url } = await server(serveFile(fixture.content));
    const asset = fixture.asset([{ kind: 'browser', url: `${url}/a.tar.gz` }]);
    const download = openDownload(fixture.request(asset));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect((await readFile(download.path)).equals(fixture.content)).toBe(true);
    expect(download.outcome).toMatchObject({ source: 'browser', fetched: 300_000, resumed: 0 });
    expect(fixture.events.at(-1)).toMatchObject({ type: 'verified' });
    expect(fixture.events.findLast(({ type }) => type === 'download')).toMatchObject({
      received: 300_000,
      total: 300_000,
    });
    await download.discard();
    expect(await readdir(join(fixture.home, 'partial'))).toEqual([]);
  });

  test('arrives from the API with the token, which its CDN does not get', async () => {
    const cdn = await server(serveFile(fixture.content));
    const api = await server((_, response) => {
      response.writeHead(302, { location: `${cdn.url}/signed?sig=1` }).end();
    });
    await using own = await downloadFixture({
      env: { GITHUB_API_URL: api.url, GH_TOKEN: 'canary' },
    });
    const asset = fixture.asset([{ kind: 'api', url: `${api.url}/assets/1` }]);
    const download = openDownload(own.request(asset));
    await collect(download.bytes);
    expect(api.requests[0]?.headers).toMatchObject({
      accept: 'application/octet-stream',
      authorization: 'Bearer canary',
    });
    expect(cdn.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('arrives from the API without a token where there is none', async () => {
    const { url, requests } = await server(serveFile(fixture.content));
    await using own = await downloadFixture({ env: { GITHUB_API_URL: url } });
    const asset = fixture.asset([{ kind: 'api', url: `${url}/assets/1` }]);
    await collect(openDownload(own.request(asset)).bytes);
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('arrives although only its server says how large it is', async () => {
    const { url } = await server(serveFile(fixture.content));
    const asset = fixture.asset([{ kind: 'browser', url }], { size: null });
    const download = openDownload(fixture.request(asset));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
  });

  test('arrives from a file', async () => {
    const path = join(fixture.home, 'a.tar.gz');
    await writeFile(path, fixture.content);
    const download = openDownload(fixture.request(fixture.asset([{ kind: 'file', path }])));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.source).toBe('file');
  });

  test("arrives from an npm registry with npm's token", async () => {
    const { url, port, requests } = await server(serveFile(fixture.content));
    await writeFile(join(fixture.home, '.npmrc'), `//127.0.0.1:${port}/:_authToken=canary\n`);
    const asset = fixture.asset([{ kind: 'npm', url: `${url}/codex/-/codex.tgz` }]);
    const download = openDownload(fixture.request(asset));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(requests[0]?.headers.authorization).toBe('Bearer canary');
  });
});

describe('a file that a run has begun to read', () => {
  test.each([
    ['is continued by the next one', false],
    ['is begun anew where it has changed', true],
  ])('%s', async (_, changed) => {
    await using large = await downloadFixture({ size: 6_000_000 });
    const path = join(large.home, 'a.tar.gz');
    await writeFile(path, large.content);
    const asset = large.asset([{ kind: 'file', path }]);
    const controller = new AbortController();
    const reading = (async () => {
      const request = large.request(asset, { signal: controller.signal });
      for await (const _chunk of openDownload(request).bytes) controller.abort();
    })();
    expect((await failure(reading)).code).toBe('ABORTED');
    if (changed) await utimes(path, new Date(), new Date(0));
    const download = openDownload(large.request(asset));
    expect((await collect(download.bytes)).equals(large.content)).toBe(true);
    const { fetched, resumed } = download.outcome;
    expect(resumed > 0).toBe(!changed);
    expect(fetched + resumed).toBe(large.content.length);
  });

  test('is none where it is a directory', async () => {
    const asset = fixture.asset([{ kind: 'file', path: fixture.home }]);
    const error = await failure(collect(openDownload(fixture.request(asset)).bytes));
    expect(error.fields['reasons']).toMatchObject([{ source: 'file', code: 'SOURCE_UNAVAILABLE' }]);
  });
});

describe('a source that cannot deliver', () => {
  test.each([404, 401, 429, 503])('with %i gives way to the next and is named', async (status) => {
    const bad = await server((_, response) => {
      response.writeHead(status, { 'retry-after': '600' }).end();
    });
    const good = await server(serveFile(fixture.content));
    const asset = fixture.asset([
      { kind: 'browser', url: bad.url },
      { kind: 'mirror', url: good.url },
    ]);
    const download = openDownload(fixture.request(asset), QUICK);
    await collect(download.bytes);
    expect(download.outcome.source).toBe('mirror');
    expect(fixture.events).toContainEqual(
      expect.objectContaining({ type: 'unavailable', channel: 'github', source: 'browser' }),
    );
  });

  test.each([
    ['<!DOCTYPE html><p>log in</p>', 'text/html; charset=utf-8'],
    ['<!DOCTYPE html><p>log in</p>', 'application/gzip'],
    ['  <html><p>log in</p>', 'application/octet-stream'],
    ['please log in', 'text/html'],
  ])('with the page %s as %s gives way to the next', async (page, type) => {
    const bad = await server((_, response) => {
      response.writeHead(200, { 'content-type': type }).end(page);
    });
    const good = await server(serveFile(fixture.content));
    const asset = fixture.asset([
      { kind: 'browser', url: bad.url },
      { kind: 'mirror', url: good.url },
    ]);
    await collect(openDownload(fixture.request(asset), QUICK).bytes);
    expect(bad.requests).toHaveLength(1);
  });

  test('and is the last one ends with every reason', async () => {
    const gone = await server((_, response) => response.writeHead(404).end());
    const shut = await server((_, response) => response.writeHead(403).end());
    const asset = fixture.asset([
      { kind: 'browser', url: gone.url },
      { kind: 'mirror', url: shut.url },
      { kind: 'file', path: join(fixture.home, 'missing') },
    ]);
    const error = await failure(collect(openDownload(fixture.request(asset), QUICK).bytes));
    expect(error.code).toBe('SOURCES_EXHAUSTED');
    expect(error.fields['reasons']).toMatchObject([
      { source: 'browser', message: expect.stringContaining('404') },
      { source: 'mirror', code: 'SOURCE_UNAVAILABLE' },
      { source: 'file', code: 'SOURCE_UNAVAILABLE' },
    ]);
    expect(error.hint).toContain('Check the credentials for this host.');
  });
});

describe('bytes that are not the asset', () => {
  test('end everything when the digest differs', async () => {
    const other = Buffer.from(fixture.content);
    other[7] = (other[7] ?? 0) ^ 1;
    const bad = await server(serveFile(other));
    const good = await server(serveFile(fixture.content));
    const asset = fixture.asset([
      { kind: 'browser', url: bad.url },
      { kind: 'mirror', url: good.url },
    ]);
    const error = await failure(collect(openDownload(fixture.request(asset), QUICK).bytes));
    expect(error.code).toBe('DIGEST_MISMATCH');
    expect(error.fields).toMatchObject({
      expected: sha256(fixture.content),
      actual: sha256(other),
      url: `${bad.url}/`,
      asset: asset.name,
      digestOrigin: 'github',
    });
    expect(error.hint).not.toContain('pin');
    expect(good.requests).toHaveLength(0);
  });

  test('end everything when any one of several digests differs', async () => {
    const { url } = await server(serveFile(fixture.content));
    const asset = fixture.asset([{ kind: 'browser', url }], {
      digests: [
        { algorithm: 'sha256', hex: sha256(fixture.content), origin: 'lockfile' },
        { algorithm: 'sha512', hex: 'ab'.repeat(64), origin: 'npm' },
      ],
    });
    const error = await failure(collect(openDownload(fixture.request(asset), QUICK).bytes));
    expect(error.fields).toMatchObject({ algorithm: 'sha512', digestOrigin: 'npm' });
    // Pinning alone would refuse them too.
    expect(error.hint).toContain('remove the lockfile and pin again');
  });

  test.each([-1, 1])('end everything when the size differs by %i', async (difference) => {
    const { url } = await server(serveFile(fixture.content));
    const asset = fixture.asset([{ kind: 'browser', url }], { size: 300_000 + difference });
    const error = await failure(collect(openDownload(fixture.request(asset), QUICK).bytes));
    expect(error.code).toBe('SIZE_MISMATCH');
  });

  test('end everything as soon as there are too many, where no length was announced', async () => {
    const { url } = await server((_, response) => {
      response.write(fixture.content);
      const more = setInterval(() => response.write(fixture.content), 5);
      response.on('close', () => clearInterval(more));
    });
    const asset = fixture.asset([{ kind: 'browser', url }]);
    const error = await failure(collect(openDownload(fixture.request(asset), QUICK).bytes));
    expect(error.code).toBe('SIZE_MISMATCH');
    expect(error.fields).toMatchObject({ expected: 300_000, asset: asset.name });
  });

  test('are not even asked for when nothing vouches for the asset', async () => {
    const { url, requests } = await server(serveFile(fixture.content));
    const asset = fixture.asset([{ kind: 'browser', url }], { digests: [] });
    expect(() => openDownload(fixture.request(asset))).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISSING' }),
    );
    expect(requests).toHaveLength(0);
  });
});
