import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishRelease } from '../../../src/package/publish/index.ts';
import { settingsFrom } from '../../../src/request/settings.ts';
import { makeCertificate, startTlsServer } from '../../support/certificate.ts';
import { closing } from '../../support/loopback-http.ts';
import { startProxy } from '../../support/loopback-proxy.ts';
import { packTwo, shownDocument } from '../../support/publishing.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { npmUser, startRegistry, type TestRegistry } from '../../support/verdaccio.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

describe('publishRelease to a registry by https, behind a proxy with a password', () => {
  it.each(['.npmrc', 'the environment'])('goes the way that %s names', async (where) => {
    const name = `proxied-${where.length}`;
    const release = await packTwo(name);
    const proxy = closing(await startProxy(`Basic ${btoa('us er:p@ss')}`));
    const dir = await tempDir();
    const certificate = makeCertificate(dir, ['registry.example']);
    const server = closing(
      await startTlsServer(certificate, (incoming, outgoing) => {
        const { method, headers, url = '/' } = incoming;
        const onward = request(new URL(url, registry.url), { method, headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        });
        onward.on('error', () => outgoing.destroy());
        incoming.pipe(onward);
      }),
    );
    const { port } = new URL(server.url);
    const address = `https://registry.example:${port}/`;
    const way = `http://us%20er:p%40ss@127.0.0.1:${new URL(proxy.url).port}`;
    const user = await npmUser(dir, address);
    const named = where === '.npmrc' ? `https-proxy=${way}\n` : '';
    await writeFile(join(dir, '.npmrc'), named, { flag: 'a' });
    const variables = named === '' ? { HTTPS_PROXY: way, NO_PROXY: 'elsewhere.example' } : {};
    const env = { ...user, npm_config_cafile: certificate.ca, ...variables };
    let told = 0;
    await publishRelease({
      directory: release.out,
      settings: settingsFrom(env, { cwd: dir, host: { platform: 'linux', arch: 'x64' } }),
      onProgress: (event) => {
        if (event.type === 'working' && event.what === 'Publishing') told += 1;
      },
    });
    expect(new Set(proxy.targets)).toEqual(new Set([`registry.example:${port}`]));
    // Each package is more than the end of its upload.
    expect(told).toBeGreaterThan(release.files.length);
    expect((await shownDocument(registry.url, name))['dist-tags']).toEqual({ latest: '0.115.0' });
  });
});
