import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { createRegistry } from '../../../src/fetch/npm/index.ts';
import { type Certificate, makeCertificate } from '../../support/certificate.ts';
import {
  answering,
  hangUp,
  type Misbehaviour,
  overTls,
  repeating,
  reset,
  serveConnections,
  stayMute,
} from '../../support/failing-server.ts';
import { failure } from '../../support/failure.ts';
import { openHttp } from '../../support/loopback-http.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Until the connection stands, and until the head of the answer: ms. */
const TIMEOUTS = { connect: 250, headers: 250, stall: 250 };
const LIMIT = TIMEOUTS.connect + TIMEOUTS.headers;

let certificate: Certificate;
beforeAll(async () => {
  const dir = join(inject('runDir'), 'before-the-head');
  await mkdir(dir, { recursive: true });
  certificate = makeCertificate(dir, ['assets.example.test', '127.0.0.1', 'localhost']);
});

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';
/** SOCKS 5: no authentication is needed; the connection stands. */
const [GREETED, CONNECTED] = [Buffer.from([5, 0]), Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80])];
const socks = (then: Misbehaviour) => answering(GREETED, answering(CONNECTED, then));

/** What a server, or a proxy, may do between the call and the head of an answer. */
const SERVERS: Readonly<Record<string, Misbehaviour>> = {
  'says nothing': stayMute,
  'hangs up at once': hangUp,
  'resets at once': reset,
  'hangs up when it is asked': answering('', hangUp),
  'resets when it is asked': answering('', reset),
  'says what is not HTTP': answering('SSH-2.0-OpenSSH_9.2\r\n', hangUp),
  'says half a head': answering('HTTP/1.1 200 OK\r\ncontent-le'),
  'says half a head and hangs up': answering('HTTP/1.1 200 OK\r\ncontent-le', hangUp),
  'says a head that does not end': answering('HTTP/1.1 200 OK\r\n', repeating('x: y\r\n')),
  'says again and again that it goes on': repeating('HTTP/1.1 102 Processing\r\n\r\n'),
  'changes the protocol': answering(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
  ),
};
const HANDSHAKES: Readonly<Record<string, Misbehaviour>> = {
  'says nothing': stayMute,
  'hangs up at once': hangUp,
  'resets at once': reset,
  'hangs up at the handshake': answering('', hangUp),
  'resets at the handshake': answering('', reset),
  'speaks plain HTTP': answering('HTTP/1.1 400 Bad Request\r\n\r\n', hangUp),
  'begins a handshake and stops': answering(Buffer.from([22, 3, 3, 0, 90])),
};
const TUNNELS: Readonly<Record<string, Misbehaviour>> = {
  ...SERVERS,
  'does not let it through': answering('HTTP/1.1 502 Bad Gateway\r\n\r\n', hangUp),
  'does not let it through, and stays': answering('HTTP/1.1 403 Forbidden\r\n\r\n'),
  'asks for a password': answering(
    'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n',
  ),
  'leads elsewhere': answering('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n'),
  'leads to silence': answering(ESTABLISHED),
  'leads to a server that hangs up': answering(ESTABLISHED, hangUp),
  'leads to a server that resets': answering(ESTABLISHED, reset),
  'leads to a server without TLS': answering(ESTABLISHED, answering('HTTP/1.1 400 No\r\n\r\n')),
};
const SOCKS: Readonly<Record<string, Misbehaviour>> = {
  'says nothing': stayMute,
  'hangs up at once': hangUp,
  'resets at once': reset,
  'hangs up when it is greeted': answering('', hangUp),
  'does not speak SOCKS': answering('HTTP/1.1 400 Bad Request\r\n\r\n', hangUp),
  'asks for what was not given': answering(Buffer.from([5, 0xff])),
  'greets and says nothing more': answering(GREETED),
  'greets and hangs up': answering(GREETED, answering('', hangUp)),
  'cannot reach the host': answering(
    GREETED,
    answering(Buffer.from([5, 4, 0, 1, 0, 0, 0, 0, 0, 0])),
  ),
  'leads to silence': socks(stayMute),
  'leads to a server that hangs up': socks(hangUp),
  'leads to a server without TLS': socks(answering('HTTP/1.1 400 No\r\n\r\n')),
};

interface Way {
  readonly name: string;
  readonly misbehave: (tls: Certificate) => Misbehaviour;
  readonly url: (port: number) => string;
  readonly proxy: (port: number) => string | undefined;
}

const TARGET = 'https://assets.example.test/npm/one';
const none = () => undefined;
const named = (
  who: string,
  ways: Readonly<Record<string, Misbehaviour>>,
  rest: Pick<Way, 'url' | 'proxy'>,
  wrap: (certificate: Certificate, misbehave: Misbehaviour) => Misbehaviour = (_, plain) => plain,
): Way[] =>
  Object.entries(ways).map(([what, misbehave]) => ({
    name: `${who} that ${what}`,
    misbehave: (tls) => wrap(tls, misbehave),
    ...rest,
  }));

const WAYS: readonly Way[] = [
  ...named('a server', SERVERS, { url: (port) => `http://127.0.0.1:${port}/npm/one`, proxy: none }),
  ...named('a TLS server', HANDSHAKES, {
    url: (port) => `https://127.0.0.1:${port}/npm/one`,
    proxy: none,
  }),
  ...named(
    'a server within TLS',
    SERVERS,
    { url: (port) => `https://127.0.0.1:${port}/npm/one`, proxy: none },
    overTls,
  ),
  ...named('a proxy', TUNNELS, { url: () => TARGET, proxy: (port) => `http://127.0.0.1:${port}` }),
  ...named('a proxy of plain requests', SERVERS, {
    url: () => 'http://codex.localhost/npm/one',
    proxy: (port) => `http://127.0.0.1:${port}`,
  }),
  ...named('a TLS proxy', HANDSHAKES, {
    url: () => TARGET,
    proxy: (port) => `https://127.0.0.1:${port}`,
  }),
  ...named(
    'a proxy within TLS',
    TUNNELS,
    { url: () => TARGET, proxy: (port) => `https://127.0.0.1:${port}` },
    overTls,
  ),
  ...named('a SOCKS proxy', SOCKS, {
    url: () => TARGET,
    proxy: (port) => `socks5h://127.0.0.1:${port}`,
  }),
];

/** Asks by each client; both know the proxy by its variable. */
const CLIENTS = {
  'the HTTP layer': async (url: string, env: Record<string, string>, signal?: AbortSignal) => {
    const http = openHttp({ timeouts: TIMEOUTS, retry: { attempts: 3, pause: 1 } }, env);
    await http.getText(url, { signal });
  },
  "npm's registry": async (url: string, env: Record<string, string>, signal?: AbortSignal) => {
    const home = await tempDir();
    const { origin } = new URL(url);
    await writeFile(join(home, '.npmrc'), `registry=${origin}/npm/\n`);
    const own = { HOME: home, npm_config_globalconfig: join(home, 'none') };
    const settings = { env: { ...own, ...env }, cwd: home, npmPackage: '@openai/codex' };
    const options = { timeouts: TIMEOUTS, retry: { attempts: 3, pause: 1 } };
    await createRegistry(settings, options).getJson('one', { signal });
  },
} as const;

async function open({ misbehave, proxy, url }: Way) {
  const server = await serveConnections(misbehave(certificate));
  const via = proxy(server.port);
  const variables = via === undefined ? {} : { HTTPS_PROXY: via, HTTP_PROXY: via };
  const env = { NODE_EXTRA_CA_CERTS: certificate.ca, ...variables };
  return { server, url: url(server.port), env };
}

describe.each(Object.entries(CLIENTS))('%s', (_client, ask) => {
  // The certificate store and npm's configuration take their time the first time.
  beforeAll(() => ask('http://127.0.0.1:9/', {}).catch(() => undefined));

  test.each(WAYS)('ends in time, after three connections at most, with $name', async (way) => {
    const { server, url, env } = await open(way);
    const started = performance.now();
    const error = await failure(ask(url, env));
    const took = performance.now() - started;
    expect(error.code).toBe('SOURCE_UNAVAILABLE');
    expect(server.dialled).toBeGreaterThan(0);
    expect(server.dialled).toBeLessThanOrEqual(3);
    // Each attempt has the limit for itself.
    expect(took / server.dialled).toBeLessThan(2 * LIMIT);
    await server.allClosed();
  });

  test.each(
    WAYS.filter(({ name }) =>
      /nothing|silence|stops|does not end|server that.* goes on/.test(name),
    ),
  )('is interrupted at once with $name', async (way) => {
    const { server, url, env } = await open(way);
    const controller = new AbortController();
    const work = failure(ask(url, env, controller.signal));
    setTimeout(() => controller.abort(), 100);
    const started = performance.now();
    expect((await work).code).toBe('ABORTED');
    expect(performance.now() - started).toBeLessThan(1_100);
    await server.allClosed();
  });
});
