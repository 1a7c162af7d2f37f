import { expect, test } from 'vitest';
import { parseVersion } from '../../src/pin/version.ts';
import { fetchBundle } from '../../src/signature/fetch-bundle.ts';
import { failure } from '../support/failure.ts';
import { startRawServer } from '../support/fault-server.ts';
import { LINUX, loopbackSettings } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

test('a bundle that ends early without an error of the connection is not taken', async () => {
  await using server = await startRawServer((socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 900\r\nconnection: close\r\n\r\n{}');
  });
  const home = await tempDir();
  const settings = loopbackSettings({ env: { GITHUB_SERVER_URL: server.url } }, home);
  const error = await failure(
    fetchBundle({
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
        sources: [{ kind: 'browser', url: server.url }],
      },
      delivered: 'browser',
      settings,
      workDir: home,
    }),
  );
  expect(error.code).toBe('SIGNATURE_UNREACHABLE');
  expect(server.requests.length).toBeGreaterThan(1);
});
