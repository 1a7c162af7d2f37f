import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, loadNpmOptions } from '../../../src/fetch/npm/index.ts';
import { type Certificate, makeCertificate, startTlsServer } from '../../support/certificate.ts';
import { collect } from '../../support/download-fixture.ts';
import { failure } from '../../support/failure.ts';
import { listen } from '../../support/fault-server.ts';
import { closing, serve, serveRaw } from '../../support/loopback-http.ts';
import { startProxy } from '../../support/loopback-proxy.ts';
import { tempDir } from '../../support/temp-dir.ts';

let home: string;
beforeEach(async () => {
  home = await tempDir();
});

/** What the user's `.npmrc` holds, and that alone, unless the variables say more. */
async function settingsWith(npmrc: readonly string[], env: Readonly<Record<string, string>> = {}) {
  await writeFile(join(home, '.npmrc'), [...npmrc, ''].join('\n'));
  // The machine's own configuration may name proxies and authorities.
  const own = { HOME: home, npm_config_globalconfig: join(home, 'none') };
  return { env: { ...own, ...env }, cwd: home, npmPackage: '@openai/codex' };
}

/** A registry whose address and token stand in the user's `.npmrc`. */
async function registry(answer: Parameters<typeof serve>[0]) {
  const server = await serve(answer);
  const token = `//127.0.0.1:${server.port}/npm/:_authToken=canary`;
  return { server, opened: await registryWith(`${server.url}/npm`, [token]) };
}

/** The registry at `url`, by an `.npmrc` with these further lines. */
async function registryWith(url: string, npmrc: readonly string[] = [], env = {}) {
  const settings = await settingsWith([`registry=${url}/`, ...npmrc], env);
  return createRegistry(settings, { retry: { pause: 5 } });
}

describe("npm's configuration", () => {
  test('is read from .npmrc files and npm_config_ variables', async () => {
    const settings = await settingsWith(['@openai:registry=https://npm.example/openai/'], {
      npm_config_registry: 'https://npm.example/all/',
      HTTPS_PROXY: 'proxy:1',
      HTTP_PROXY: 'proxy:2',
    });
    expect(await loadNpmOptions(settings)).toMatchObject({
      '@openai:registry': 'https://npm.example/openai/',
      registry: 'https://npm.example/all/',
      proxies: { https: { text: 'proxy:1' }, http: { text: 'proxy:2' } },
    });
  });

  test.each([
    ['of its own goes before the variable', 'noproxy=a.example,b.example', 'a.example,b.example'],
    ['is that of the variable where it has none', '', '127.0.0.1'],
    ['is that of the variable where it says so', 'noproxy=null', '127.0.0.1'],
  ])('the list of hosts without a proxy %s', async (_, npmrc, expected) => {
    const settings = await settingsWith([npmrc], { HTTPS_PROXY: 'proxy:1', NO_PROXY: '127.0.0.1' });
    expect((await loadNpmOptions(settings)).proxies.noProxy).toEqual(expected);
  });

  test('that npm itself refuses is a matter of usage', async () => {
    const same = { npm_config_globalconfig: join(home, '.npmrc') };
    const settings = await settingsWith(['registry=https://npm.example/'], same);
    expect((await failure(loadNpmOptions(settings))).code).toBe('USAGE');
  });
});

describe('what npm applies to its requests applies here', () => {
  test.each([
    ['', 'REGISTRY'],
    ['replace-registry-host=never', 'PUBLIC'],
  ])("with %j the public host's tarballs come from the %s", async (line, from) => {
    const server = await serve((_, response) => response.end());
    const settings = await settingsWith([`registry=${server.url}/npm/`, line]);
    const origin = new URL((await loadNpmOptions(settings)).publicRegistry).origin;
    const opened = createRegistry(settings);
    const where = from === 'PUBLIC' ? origin : `${server.url}/npm`;
    expect(await opened.locate(`${origin}/@openai/codex/-/codex-1.tgz`)).toBe(
      `${where}/@openai/codex/-/codex-1.tgz`,
    );
  });

  test('a tarball that is replaced gets the credentials of its new place', async () => {
    const { publicRegistry } = await loadNpmOptions(await settingsWith([]));
    const { server, opened } = await registry((_, response) => response.end('bytes'));
    const url = await opened.locate(`${publicRegistry}@openai/codex/-/codex-1.tgz`);
    expect((await collect((await opened.open(url)).body)).toString()).toBe('bytes');
    expect(server.requests).toMatchObject([
      { url: '/npm/@openai/codex/-/codex-1.tgz', headers: { authorization: 'Bearer canary' } },
    ]);
  });

  test.each([
    ['fetch-retries=0', 1],
    ['fetch-retries=1', 2],
    ['', 3],
  ])('%j: a document is asked for %i times', async (line, times) => {
    const server = await serve((_, response) => response.writeHead(503).end());
    const settings = await settingsWith([
      `registry=${server.url}/`,
      line,
      'fetch-retry-mintimeout=5',
    ]);
    await failure(createRegistry(settings).getJson('codex'));
    expect(server.requests).toHaveLength(times);
  });

  test('fetch-timeout: an answer is waited for as long as it says', async () => {
    const server = await serve(() => undefined);
    const lines = [`registry=${server.url}/`, 'fetch-timeout=300', 'fetch-retries=0'];
    const started = performance.now();
    const error = await failure(createRegistry(await settingsWith(lines)).getJson('codex'));
    expect(error.fields).toMatchObject({ errno: 'ERR_HEADERS_TIMEOUT' });
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  test('user-agent is sent where somebody set one, and ours else', async () => {
    const server = await serve((_, response) => response.end('{}'));
    for (const line of ['user-agent=allowed/1', '']) {
      const settings = await settingsWith([`registry=${server.url}/`, line]);
      await createRegistry(settings).getJson('codex');
    }
    const agents = server.requests.map(({ headers }) => headers['user-agent']);
    expect(agents).toEqual(['allowed/1', 'codex-runtime']);
  });

  test('offline=true: the registry is not asked', async () => {
    const server = await serve((_, response) => response.end('{}'));
    const settings = await settingsWith([`registry=${server.url}/`, 'offline=true']);
    const error = await failure(createRegistry(settings).getJson('codex'));
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', fields: { reason: 'refused' } });
    expect(server.requests).toHaveLength(0);
  });

  test('maxsockets: no more connections than it says', async () => {
    const sockets = new Set<unknown>();
    const server = await serve((request, response) => {
      sockets.add(request.socket);
      setTimeout(() => response.end('{}'), 20);
    });
    const settings = await settingsWith([`registry=${server.url}/`, 'maxsockets=1']);
    const opened = createRegistry(settings);
    await Promise.all(['a', 'b', 'c'].map((path) => opened.getJson(path)));
    expect(sockets.size).toBe(1);
  });

  test('the registry of a scope that is not asked may be wrong', async () => {
    const server = await serve((_, response) => response.end('{}'));
    const settings = await settingsWith([`registry=${server.url}/`, '@other:registry=nonsense']);
    expect(await createRegistry(settings).getJson('codex')).toEqual({});
  });
});

describe('a registry behind a proxy', () => {
  test.each([
    ['proxy=PROXY', {}, true],
    ['https-proxy=PROXY', {}, true],
    ['', { HTTP_PROXY: 'PROXY' }, true],
    ['', { HTTPS_PROXY: 'PROXY' }, false],
    ['proxy=PROXY', { HTTP_PROXY: 'http://127.0.0.1:1' }, true],
    ['proxy=PROXY', { NO_PROXY: '127.0.0.1' }, false],
    ['', { HTTP_PROXY: 'PROXY', NO_PROXY: '127.0.0.1' }, false],
    ['noproxy=127.0.0.1', { HTTP_PROXY: 'PROXY' }, false],
    ['', { HTTP_PROXY: 'PROXY', NO_PROXY: '*' }, false],
  ])('is asked on plain http as %j and %o say', async (npmrc, env, byProxy) => {
    const proxy = closing(await startProxy());
    const server = await serve((_, response) => response.end('{"name":"x"}'));
    const named = Object.entries(env).map(([name, text]) => [
      name,
      text.replace('PROXY', proxy.url),
    ]);
    const opened = await registryWith(
      server.url,
      [npmrc.replace('PROXY', proxy.url)],
      Object.fromEntries(named),
    );
    expect(await opened.getJson('codex')).toEqual({ name: 'x' });
    expect(proxy.targets).toEqual(byProxy ? [`${server.url}/codex`] : []);
  });

  test('is asked by it with https too, which npm names once for both', async () => {
    const proxy = closing(await startProxy());
    const opened = await registryWith('https://127.0.0.1:1', [`proxy=${proxy.url}`]);
    expect((await failure(opened.getJson('codex'))).fields['reason']).toBe('unreachable');
    expect(proxy.targets[0]).toBe('127.0.0.1:1');
  });
});

test('a configuration that is mended is read again', async () => {
  const server = await serve((_, response) => response.end('{"name":"x"}'));
  const opened = await registryWith('nonsense');
  expect((await failure(opened.getJson('codex'))).code).toBe('USAGE');
  await registryWith(server.url);
  expect(await opened.getJson('codex')).toEqual({ name: 'x' });
});

describe('a registry document', () => {
  test('is asked for below the configured registry with its own token', async () => {
    const { server, opened } = await registry((_, response) => response.end('{"name":"x"}'));
    expect(await opened.getJson('@openai%2fcodex/0.115.0-linux-x64')).toEqual({ name: 'x' });
    expect(server.requests).toMatchObject([
      {
        url: '/npm/@openai%2fcodex/0.115.0-linux-x64',
        headers: { authorization: 'Bearer canary', 'accept-encoding': 'identity' },
      },
    ]);
  });

  test('and the next one come over one connection, whoever asks for them', async () => {
    const ports = new Set<number | undefined>();
    const { server, opened } = await registry(({ socket }, response) => {
      ports.add(socket.remotePort);
      response.end('{}');
    });
    const settings = await settingsWith([`registry=${server.url}/`]);
    for (const one of [opened, createRegistry(settings), createRegistry(settings)]) {
      await one.getJson('codex');
      await one.getJson('codex');
    }
    expect(server.requests).toHaveLength(6);
    // `opened` has settings of its own.
    expect(ports.size).toBe(2);
  });

  test.each([
    [404, 'not-found', 1],
    // Once more without the token.
    [401, 'unauthorized', 2],
    [503, 'server-error', 3],
  ])('answered with %i means %s after %i requests', async (status, reason, times) => {
    const { server, opened } = await registry((_, response) => response.writeHead(status).end());
    const error = await failure(opened.getJson('codex/1.0.0'));
    expect(error.code).toBe('SOURCE_UNAVAILABLE');
    expect(error.fields).toMatchObject({ reason, status, url: `${server.url}/npm/codex/1.0.0` });
    expect(server.requests).toHaveLength(times);
    expect(JSON.stringify([error, String(error.stack)])).not.toContain('canary');
  });

  test('from a registry that is gone is unreachable', async () => {
    const { server, opened } = await registry((_, response) => response.end());
    await server.close();
    expect((await failure(opened.getJson('codex'))).fields['reason']).toBe('unreachable');
  });

  test('answered with a switch of protocols is unreachable', async () => {
    const { url } = await serveRaw((socket) => {
      socket.write('HTTP/1.1 101 Switching\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n');
    });
    const opened = await registryWith(url);
    expect((await failure(opened.getJson('codex'))).fields['reason']).toBe('unreachable');
  });

  test('that is a login page is not an asset', async () => {
    const { opened } = await registry((_, response) => response.end('<html>'));
    expect((await failure(opened.getJson('codex'))).fields['reason']).toBe('not-an-asset');
  });
});

describe('a registry behind TLS', () => {
  /** Asks a registry of an authority that nobody knows by default. */
  async function ask(env: Readonly<Record<string, string>>, npmrc = '') {
    const certificate = makeCertificate(home, ['127.0.0.1', HOST]);
    const { url, port } = closing(
      await startTlsServer(certificate, (_, response) => response.end('{"name":"x"}')),
    );
    const asked = env['HTTPS_PROXY'] === undefined ? url : `https://${HOST}:${port}`;
    const named = Object.entries(env).map(([name, value]) => [
      name,
      value.replace('CA', certificate.ca),
    ]);
    const lines = [npmrc.replace('CA', certificate.ca)];
    return await (await registryWith(asked, lines, Object.fromEntries(named))).getJson('codex');
  }
  const HOST = 'codex.localhost';

  test.each(['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'])(
    'is trusted by its authority in %s',
    async (name) => {
      expect(await ask({ [name]: 'CA' })).toEqual({ name: 'x' });
    },
  );

  test("is trusted by npm's cafile, and by no authority where that names others", async () => {
    expect(await ask({}, 'cafile=CA')).toEqual({ name: 'x' });
    expect((await failure(ask({}))).fields['reason']).toBe('untrusted');
    const other = join(home, 'other');
    await mkdir(other);
    const { ca } = makeCertificate(other, ['127.0.0.1']);
    const replaced = ask({ SSL_CERT_FILE: 'CA' }, `cafile=${ca}`);
    expect((await failure(replaced)).fields['reason']).toBe('untrusted');
  });

  test.each(['', 'proxy'])(
    'is trusted without its authority where npm is told not to be strict, and only there %s',
    async (way) => {
      const proxy = closing(await startProxy());
      const env = way === '' ? {} : { HTTPS_PROXY: proxy.url };
      expect((await failure(ask(env))).fields['reason']).toBe('untrusted');
      expect(await ask(env, 'strict-ssl=false')).toEqual({ name: 'x' });
      expect(proxy.targets.length > 0).toBe(way !== '');
    },
  );

  test('and a proxy says what is wrong with the password of the proxy, and not which it is', async () => {
    const proxy = closing(await startProxy('Basic right'));
    const url = proxy.url.replace('//', '//user:canary@');
    const error = await failure(ask({ SSL_CERT_FILE: 'CA', HTTPS_PROXY: url }));
    expect(error.fields).toMatchObject({ reason: 'proxy', status: 407 });
    expect(inspect(error, { depth: 9 })).not.toContain('canary');
    expect(proxy.targets).toHaveLength(1);
  });
});

describe('a registry that wants a certificate of its clients', () => {
  /** Answers who has shown one of its authority, and says to others that it has seen none. */
  async function strict(certificate: Certificate, answer: RequestListener) {
    const { key, cert, ca } = certificate;
    const options = { key, cert, ca: readFileSync(ca), requestCert: true };
    const listener = createServer({ ...options, rejectUnauthorized: false }, (request, response) =>
      (request.socket as TLSSocket).authorized
        ? answer(request, response)
        : response.writeHead(418).end(),
    );
    return closing(await listen(listener, [], 'https'));
  }

  test('gets the one that .npmrc names for all, also where nobody checks its own', async () => {
    const certificate = makeCertificate(home, ['127.0.0.1']);
    const server = await strict(certificate, (_, response) => response.end('{"name":"x"}'));
    const pem = (text: Buffer) => JSON.stringify(text.toString());
    const opened = await registryWith(server.url, [
      'strict-ssl=false',
      `cert=${pem(certificate.cert)}`,
      `key=${pem(certificate.key)}`,
    ]);
    expect(await opened.getJson('codex')).toEqual({ name: 'x' });
  });

  test('gets the one that .npmrc names for it, with documents and tarballs; another origin does not', async () => {
    const certificate = makeCertificate(home, ['127.0.0.1']);
    const storage = await strict(certificate, (_, response) => response.end('{}'));
    const server = await strict(certificate, (request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: `${storage.url}/` });
      response.end('{"name":"x"}');
    });
    const own = `//127.0.0.1:${server.port}/`;
    const opened = await registryWith(server.url, [
      `cafile=${certificate.ca}`,
      `${own}:certfile=${join(home, 'cert.pem')}`,
      `${own}:keyfile=${join(home, 'key.pem')}`,
    ]);
    expect(await opened.getJson('codex')).toEqual({ name: 'x' });
    const { body } = await opened.open(`${server.url}/codex.tgz`);
    expect((await collect(body)).toString()).toBe('{"name":"x"}');
    expect((await failure(opened.getJson('away'))).fields['status']).toBe(418);
  });

  test('is asked for one document after the other on one connection', async () => {
    const certificate = makeCertificate(home, ['127.0.0.1']);
    const connections = new Set<unknown>();
    const server = await strict(certificate, (request, response) => {
      connections.add(request.socket);
      response.end('{"name":"x"}');
    });
    const opened = await registryWith(server.url, [
      `cafile=${certificate.ca}`,
      `//127.0.0.1:${server.port}/:certfile=${join(home, 'cert.pem')}`,
      `//127.0.0.1:${server.port}/:keyfile=${join(home, 'key.pem')}`,
    ]);
    for (let document = 0; document < 5; document += 1) await opened.getJson('codex');
    expect(connections.size).toBe(1);
  });

  test.each([
    ['text that is none', ['cert="none"', 'key="none"']],
    ['a file that cannot be read', ['HOST:certfile=/', 'HOST:keyfile=/']],
  ])('is not asked with %s for a certificate', async (_what, npmrc) => {
    const certificate = makeCertificate(home, ['127.0.0.1']);
    const server = await strict(certificate, (_, response) => response.end('{}'));
    const host = `//127.0.0.1:${server.port}/`;
    const lines = npmrc.map((line) => line.replace('HOST', host));
    const opened = await registryWith(server.url, lines);
    expect((await failure(opened.getJson('codex'))).code).toBe('USAGE');
  });
});

describe('a tarball', () => {
  test('is opened with a range and streamed', async () => {
    const { server, opened } = await registry((_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 2-3/4' }).end('cd');
    });
    const answer = await opened.open(`${server.url}/npm/codex/-/codex.tgz`, {
      headers: { range: 'bytes=2-' },
    });
    expect(answer).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 2-3/4' } });
    expect((await collect(answer.body)).toString()).toBe('cd');
    expect(server.requests[0]?.headers).toMatchObject({
      range: 'bytes=2-',
      authorization: 'Bearer canary',
    });
  });

  test('that arrives encoded is refused', async () => {
    const { server, opened } = await registry((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'));
    });
    const error = await failure(opened.open(`${server.url}/npm/codex/-/codex.tgz`));
    expect(error.fields['reason']).toBe('refused');
  });

  test('that says it is not encoded is taken', async () => {
    const { server, opened } = await registry((_, response) => {
      response.writeHead(200, { 'content-encoding': 'identity' }).end('x');
    });
    const answer = await opened.open(`${server.url}/npm/codex/-/codex.tgz`);
    expect((await collect(answer.body)).toString()).toBe('x');
  });

  test('is not opened after an abort', async () => {
    const { server, opened } = await registry((_, response) => response.end());
    const work = opened.open(`${server.url}/npm/x`, { signal: AbortSignal.abort() });
    expect((await failure(work)).code).toBe('ABORTED');
    expect(server.requests).toHaveLength(0);
  });
});

describe('a redirect of a document', () => {
  test('is followed without the token to another port of the same host', async () => {
    const asked: (string | undefined)[] = [];
    const storage = await serve((request, response) => {
      asked.push(request.headers.authorization);
      response.end('{"version":"1.2.3"}');
    });
    const { server, opened } = await registry((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(302, { location: `${storage.url}/document` }).end();
    });
    expect(await opened.getJson('one')).toEqual({ version: '1.2.3' });
    expect(server.port).not.toBe(storage.port);
    expect(asked).toEqual(['Bearer canary', undefined]);
  });

  test('keeps the token within its own origin, and ends after five', async () => {
    const asked: (string | undefined)[] = [];
    const { opened } = await registry((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(301, { location: `${request.url}/next` }).end();
    });
    const error = await failure(opened.getJson('one'));
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', fields: { reason: 'refused' } });
    expect(asked).toEqual(Array(6).fill('Bearer canary'));
  });

  test.each([
    ['plain http elsewhere', 'http://registry.example.test/one'],
    ['another scheme', 'ftp://127.0.0.1/one'],
    ['nothing that is a URL', 'http://[/'],
  ])('to %s is not followed', async (_what, location) => {
    const { opened } = await registry((_request, response) => {
      response.writeHead(302, { location }).end();
    });
    const error = await failure(opened.getJson('one'));
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', fields: { reason: 'refused' } });
  });
});

test('a document that stalls is asked for again, and is unreachable in the end', async () => {
  let asked = 0;
  const { url } = await serve((_request, response) => {
    asked += 1;
    response.writeHead(200, { 'content-length': 100 }).write('{');
  });
  const settings = await settingsWith([`registry=${url}/`]);
  const opened = createRegistry(settings, { retry: { pause: 5 }, timeouts: { stall: 100 } });
  const error = await failure(opened.getJson('one'));
  expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', fields: { reason: 'unreachable' } });
  expect(asked).toBe(3);
});
