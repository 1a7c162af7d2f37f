import dns from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ProgressEvent } from '../../../src/events.ts';
import type { HttpOptions } from '../../../src/fetch/http/index.ts';
import { failure } from '../../support/failure.ts';
import { openHttp, serve, serveRaw } from '../../support/loopback-http.ts';

const http = (options: HttpOptions = {}) => openHttp({ retry: { pause: 5 }, ...options });

describe('a document', () => {
  test('is read as JSON and asked for unencoded', async () => {
    const { url, requests } = await serve((_, response) => response.end('{"tag":"v1"}'));
    expect(await http().getJson(`${url}/a`)).toEqual({ tag: 'v1' });
    expect(requests[0]?.headers).toMatchObject({
      accept: 'application/json',
      'accept-encoding': 'identity',
    });
  });

  test('that is HTML instead of JSON is not an asset', async () => {
    const { url } = await serve((_, response) => response.end('<html>log in</html>'));
    expect((await failure(http().getJson(url))).fields['reason']).toBe('not-an-asset');
  });

  test('that arrives encoded is refused', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('{}');
    });
    expect((await failure(http().getText(url))).fields['reason']).toBe('refused');
  });

  test('that ends early is asked for again and never accepted', async () => {
    const { url, requests } = await serveRaw((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{}');
    });
    expect((await failure(http().getText(url))).fields['reason']).toBe('unreachable');
    expect(requests).toHaveLength(3);
  });

  test('larger than the cap is refused', async () => {
    const { url } = await serve((_, response) => response.end(Buffer.alloc(17 * 2 ** 20)));
    expect((await failure(http().getText(url))).fields['reason']).toBe('refused');
  });
});

describe('a status', () => {
  test.each([
    [404, {}, 'not-found'],
    [410, {}, 'not-found'],
    [401, {}, 'unauthorized'],
    [403, { 'x-ratelimit-remaining': '12' }, 'unauthorized'],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4102444800' }, 'rate-limited'],
    [429, { 'retry-after': '3600' }, 'rate-limited'],
    [418, {}, 'refused'],
    [503, { 'retry-after': '3600' }, 'server-error'],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0' }, 'unauthorized'],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1e20' }, 'unauthorized'],
    [304, {}, 'refused'],
  ])('of %i with %o is asked once and means %s', async (status, headers, reason) => {
    const { url, requests } = await serve((_, response) =>
      response.writeHead(status, headers).end(),
    );
    const error = await failure(http().getText(`${url}/a?signature=secret`));
    expect(error.code).toBe('SOURCE_UNAVAILABLE');
    expect(error.fields).toMatchObject({ reason, status, url: `${url}/a?…` });
    expect(requests).toHaveLength(1);
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  test.each([408, 500, 502, 503])('of %i is tried three times', async (status) => {
    const { url, requests } = await serve((_, response) => response.writeHead(status).end());
    const events: ProgressEvent[] = [];
    const error = await failure(http({ onProgress: (event) => events.push(event) }).getText(url));
    expect(error.fields['reason']).toBe('server-error');
    expect(requests).toHaveLength(3);
    expect(events).toMatchObject([
      { type: 'retry', attempt: 2 },
      { type: 'retry', attempt: 3 },
    ]);
  });

  test('that gets better is survived', async () => {
    let left = 2;
    const { url } = await serve((_, response) => {
      left -= 1;
      response.writeHead(left < 0 ? 200 : 503).end('fine');
    });
    expect(await http().getText(url)).toBe('fine');
  });
});

describe('a server that does not answer', () => {
  test('is named once it has been silent for some seconds, and not again after its answer', async () => {
    const { url } = await serve((_, response) => {
      setTimeout(() => response.end('fine'), 150);
    });
    const events: ProgressEvent[] = [];
    const timeouts = { notice: 50 };
    const http = openHttp({ timeouts, onProgress: (event) => events.push(event) });
    expect(await http.getText(url)).toBe('fine');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(events).toEqual([{ type: 'silent', host: new URL(url).host, seconds: 0 }]);
  });

  test('is not named where it answers in time', async () => {
    const { url } = await serve((_, response) => void response.end('fine'));
    const events: ProgressEvent[] = [];
    const timeouts = { notice: 50 };
    const http = openHttp({ timeouts, onProgress: (event) => events.push(event) });
    expect(await http.getText(url)).toBe('fine');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(events).toEqual([]);
  });
});

describe('a rate limit', () => {
  test('with a short Retry-After is waited out and said', async () => {
    let limited = true;
    const { url } = await serve((_, response) => {
      response.writeHead(limited ? 429 : 200, limited ? { 'retry-after': '1' } : {}).end('fine');
      limited = false;
    });
    const events: ProgressEvent[] = [];
    const started = performance.now();
    expect(await http({ onProgress: (event) => events.push(event) }).getText(url)).toBe('fine');
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(events).toMatchObject([{ type: 'waiting', for: 'rate-limit' }]);
  });

  test('names when it ends', async () => {
    const { url } = await serve((_, response) => {
      const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4102444800' };
      response.writeHead(403, headers).end();
    });
    const error = await failure(http().getText(url));
    expect(error.fields['retryAt']).toBe('2100-01-01T00:00:00.000Z');
    expect(error.message).toContain('2100-01-01T00:00:00.000Z');
  });
});

describe('a connection', () => {
  test('that is refused is unreachable after retries', async () => {
    const gone = await serve((_, response) => response.end());
    await gone.close();
    expect((await failure(http().getText(gone.url))).fields['reason']).toBe('unreachable');
  });

  test('to a name that DNS does not know is not tried again', async () => {
    const error = await failure(http().getText('https://codex-runtime.invalid/a'));
    expect(error.fields).toMatchObject({ reason: 'unknown-host' });
  });

  test('to a name that cannot be looked up now is tried again', async () => {
    const lookup = ((_: string, __: object, done: (error: Error) => void) =>
      process.nextTick(
        done,
        Object.assign(new Error('again'), { code: 'EAI_AGAIN' }),
      )) as unknown as typeof dns.lookup;
    const spy = vi.spyOn(dns, 'lookup').mockImplementation(lookup);
    onTestFinished(() => void spy.mockRestore());
    const events: ProgressEvent[] = [];
    const error = await failure(
      http({ onProgress: (event) => events.push(event) }).getText('https://codex.test/a'),
    );
    expect(error.fields).toMatchObject({ reason: 'unreachable', errno: 'EAI_AGAIN' });
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry']);
  });

  test('that gives no answer in time is unreachable', async () => {
    const { url } = await serveRaw(() => undefined);
    const short = http({ timeouts: { headers: 100 }, retry: { attempts: 1 } });
    expect((await failure(short.getText(url))).fields).toMatchObject({
      reason: 'unreachable',
      errno: 'ERR_HEADERS_TIMEOUT',
    });
  });

  test('that stalls in the body is unreachable', async () => {
    const { url } = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}');
    });
    const short = http({ timeouts: { stall: 100 }, retry: { attempts: 1 } });
    expect((await failure(short.getText(url))).fields['reason']).toBe('unreachable');
  });

  test('is cut by an abort, in the pause between attempts too', async () => {
    const { url } = await serve((_, response) => response.writeHead(503).end());
    const controller = new AbortController();
    const slow = http({
      retry: { pause: 60_000, longestPause: 60_000 },
      onProgress: () => controller.abort(),
    });
    expect((await failure(slow.getText(url, { signal: controller.signal }))).code).toBe('ABORTED');
    const silent = await serveRaw(() => setImmediate(() => second.abort()));
    const second = new AbortController();
    const cut = http().getText(silent.url, { signal: second.signal });
    expect((await failure(cut)).code).toBe('ABORTED');
  });
});

describe('an answer that is none', () => {
  test.each([
    [
      'to another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['without an end of its headers', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
    ['that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['that is empty', ''],
  ])('%s is unreachable', async (_, text) => {
    const { url } = await serveRaw((socket) => socket.end(text));
    const once = http({ retry: { attempts: 1 } });
    expect((await failure(once.getText(url))).fields['reason']).toBe('unreachable');
  });

  test.each([
    ['that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'HPE_INVALID_CONSTANT'],
    ['with headers of 20 KB', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(20_000)}`, 'HPE_HEADER_OVERFLOW'],
    [
      'cut in a chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfi',
      'ECONNRESET',
    ],
  ])('%s keeps its code', async (_, text, errno) => {
    const { url } = await serveRaw((socket) => socket.end(text));
    const error = await failure(http({ retry: { attempts: 1 } }).getText(url));
    expect(error.fields).toMatchObject({ reason: 'unreachable', errno });
  });

  test('because a status below 200 stands for good is refused', async () => {
    const { url } = await serveRaw((socket) => socket.end('HTTP/1.1 101 Switching\r\n\r\n'));
    const error = await failure(http().getText(url));
    expect(error.fields).toMatchObject({ reason: 'refused', status: 101 });
    expect(error.message).toContain('response 101');
  });

  test('of a status that none is means nothing', async () => {
    const { url } = await serveRaw((socket) => {
      socket.end('HTTP/1.1 099 Odd\r\nContent-Length: 4\r\n\r\nfine');
    });
    const once = http({ retry: { attempts: 1 } });
    expect((await failure(once.getText(url))).fields).toMatchObject({ status: 99 });
  });

  test('yet, but says that one will come, is waited for', async () => {
    const { url } = await serveRaw((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine');
    });
    expect(await http().getText(url)).toBe('fine');
  });
});

test('a reader that takes its time is no stalled connection', async () => {
  const size = 8 * 2 ** 20;
  const { url } = await serve((_, response) => response.end(Buffer.alloc(size)));
  const { body } = await http({ timeouts: { stall: 100 } }).open(url);
  await sleep(400);
  let read = 0;
  for await (const chunk of body) read += chunk.length;
  expect(read).toBe(size);
});

test.each(['secret', '%zz'])(
  'a name and a password in a URL are not sent: %j',
  async (password) => {
    const { url, requests } = await serve((_, response) => response.end('fine'));
    await http().getText(url.replace('://', `://user:${password}@`));
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  },
);
