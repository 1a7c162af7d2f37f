import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { openDownload } from '../../src/fetch/index.ts';
import { collect, downloadFixture, serveFile } from '../support/download-fixture.ts';
import { startServer } from '../support/fault-server.ts';

test.each(['gzip', 'br', 'x-unknown'])(
  'an asset is asked for as it is, and one that arrives as %s gives way to the next source',
  async (encoding) => {
    const fixture = await downloadFixture();
    onTestFinished(() => fixture[Symbol.asyncDispose]());
    const encoded = await startServer((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(gzipSync(fixture.content));
    });
    onTestFinished(() => encoded.close());
    const plain = await startServer(serveFile(fixture.content));
    onTestFinished(() => plain.close());
    const asset = fixture.asset([
      { kind: 'browser', url: encoded.url },
      { kind: 'mirror', url: plain.url },
    ]);
    const download = openDownload(fixture.request(asset));
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome.source).toBe('mirror');
    expect(fixture.events).toContainEqual(
      expect.objectContaining({ type: 'unavailable', source: 'browser' }),
    );
    const asked = [...encoded.requests, ...plain.requests];
    expect(asked.map(({ headers }) => headers['accept-encoding'])).toEqual([
      'identity',
      'identity',
    ]);
  },
);
