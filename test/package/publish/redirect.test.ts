import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packMiniatures } from '../../support/packed-release.ts';
import { packTwo, publishTo, shownDocument } from '../../support/publishing.ts';
import { startRegistry, type TestRegistry } from '../../support/verdaccio.ts';
import { startWriteProxy } from '../../support/write-proxy.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

/** A server that sends everybody on, as a registry that has moved does; or only who changes something. */
async function startRedirect(to: string, readsFrom?: string) {
  const server = createServer((incoming, response) => {
    const { method, url = '/', headers } = incoming;
    if (method !== 'GET' || readsFrom === undefined) {
      incoming.resume();
      response.writeHead(307, { location: new URL(url.slice(1), to).href }).end();
      return;
    }
    const onward = request(new URL(url.slice(1), readsFrom), { headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy()).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('publishRelease to a registry that redirects', () => {
  it('gives no token to the other origin, and publishes nothing', async () => {
    const release = await packTwo('redirected');
    const proxy = await startWriteProxy(registry.url);
    await using moved = await startRedirect(proxy.url);
    try {
      await expect(publishTo(moved.url, release, { visibleWithin: 2000 })).rejects.toMatchObject({
        code: 'PUBLISH_FAILED',
        fields: { redirect: new URL(proxy.url).origin },
      });
      expect(proxy.writes).toEqual([]);
      expect(proxy.credentials).toEqual([]);
    } finally {
      await proxy.close();
    }
    expect(await shownDocument(registry.url, 'redirected-linux-x64')).toEqual({});
  });
});

describe('publishRelease to a registry that redirects uploads alone', () => {
  it('gives no token to another port of its host', async () => {
    const release = await packTwo('redirected-uploads');
    const proxy = await startWriteProxy(registry.url);
    await using moved = await startRedirect(proxy.url, registry.url);
    try {
      await expect(publishTo(moved.url, release, { visibleWithin: 2000 })).rejects.toMatchObject({
        code: 'PUBLISH_FAILED',
        fields: { registry: new URL(moved.url).origin, redirect: new URL(proxy.url).origin },
      });
      expect(proxy.writes).toEqual([]);
      expect(proxy.credentials).toEqual([]);
    } finally {
      await proxy.close();
    }
    expect(await shownDocument(registry.url, 'redirected-uploads-linux-x64')).toEqual({});
  });
});

describe('the DotSlash file', () => {
  const addresses = async (out: string) =>
    [...(await readFile(join(out, 'codex'), 'utf8')).matchAll(/"url": "(.*)"/g)].map(
      ([, url]) => url,
    );

  it('names the registry that the release was published to', async () => {
    const { url } = registry;
    const downloadUrl = ({ package: inside }: { package: { name: string; version: string } }) =>
      `https://elsewhere.example/npm/${inside.name}/-/${inside.name}-${inside.version}.tgz`;
    const release = await packMiniatures({ name: 'slashed', ecosystems: ['node'], downloadUrl });
    await publishTo(url, release, { dryRun: true });
    expect((await addresses(release.out))[0]).toContain('elsewhere.example');
    await publishTo(url, release);
    const named = await addresses(release.out);
    expect(named).toHaveLength(6);
    for (const address of named) {
      expect(address?.startsWith(url)).toBe(true);
      expect((await fetch(String(address))).status).toBe(200);
    }
    // Published once more it stays, and the directory is still a release.
    await publishTo(url, release);
    expect(await addresses(release.out)).toEqual(named);
  });

  it('keeps the addresses that it was given', async () => {
    const release = await packTwo('slashed-own');
    const before = await addresses(release.out);
    expect(before[0]).toContain('downloads.example');
    await publishTo(registry.url, release);
    expect(await addresses(release.out)).toEqual(before);
  });
});
