import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CodexRuntimeError } from '../../src/errors.ts';
import { receiveAsset } from '../../src/fetch/index.ts';
import {
  collect,
  type DownloadFixture,
  downloadFixture,
  serveFile,
} from '../support/download-fixture.ts';
import { failure } from '../support/failure.ts';
import { type FaultServer, startServer } from '../support/fault-server.ts';

let fixture: DownloadFixture;
let server: FaultServer;
let served: Buffer;

beforeEach(async () => {
  fixture = await downloadFixture();
  served = Buffer.from(fixture.content);
  server = await startServer((request, response) => serveFile(served)(request, response));
});
afterEach(async () => {
  await server.close();
  await fixture[Symbol.asyncDispose]();
});

function request() {
  return fixture.request(fixture.asset([{ kind: 'browser', url: server.url }]));
}

describe('what a consumer returns', () => {
  test('counts after the bytes that it did not read have been verified too', async () => {
    const { result, download } = await receiveAsset(request(), async ({ bytes }) => {
      for await (const chunk of bytes) return chunk.length;
      return 0;
    });
    expect(result).toBeGreaterThan(0);
    expect(download.outcome.fetched).toBe(fixture.content.length);
  });

  test('does not count when the bytes that it did not read are wrong', async () => {
    served[served.length - 1] = (served.at(-1) ?? 0) ^ 1;
    const work = receiveAsset(request(), async () => 'done');
    expect((await failure(work)).code).toBe('DIGEST_MISMATCH');
    expect(server.requests).toHaveLength(1);
  });
});

describe('what a consumer throws', () => {
  const refused = new CodexRuntimeError('ARCHIVE_REFUSED', 'refused');
  const full = new CodexRuntimeError('DISK_FULL', 'full');

  test('over right bytes is passed on', async () => {
    const work = receiveAsset(request(), async ({ bytes }) => {
      for await (const _ of bytes) throw refused;
    });
    expect(await failure(work)).toBe(refused);
  });

  test('over wrong bytes gives way to the verdict of the digest', async () => {
    served[served.length - 1] = (served.at(-1) ?? 0) ^ 1;
    const work = receiveAsset(request(), async ({ bytes }) => {
      for await (const _ of bytes) throw refused;
    });
    expect((await failure(work)).code).toBe('DIGEST_MISMATCH');
  });

  test('about the disk ends the download at once', async () => {
    let sent = true;
    await using slow = await startServer((asked, response) => {
      response.on('close', () => {
        sent = response.writableFinished;
      });
      serveFile(fixture.content, { rate: 100_000 })(asked, response);
    });
    const asset = fixture.asset([{ kind: 'browser', url: slow.url }]);
    const work = receiveAsset(fixture.request(asset), async ({ bytes }) => {
      for await (const _ of bytes) throw full;
    });
    expect(await failure(work)).toBe(full);
    await slow.close();
    expect(sent).toBe(false);
  });

  test('in place of what the download said is not what is passed on', async () => {
    served[0] = (served[0] ?? 0) ^ 1;
    const work = receiveAsset(request(), async ({ bytes }) => {
      await collect(bytes).catch((cause: unknown) => {
        throw new Error('something went wrong', { cause });
      });
    });
    expect((await failure(work)).code).toBe('DIGEST_MISMATCH');
  });
});
