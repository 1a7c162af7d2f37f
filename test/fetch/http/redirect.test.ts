import { describe, expect, test } from 'vitest';
import { parseHop } from '../../../src/fetch/http/hop.ts';
import type { Http } from '../../../src/fetch/http/index.ts';
import { isLoopback } from '../../../src/request/web-url.ts';
import { failure } from '../../support/failure.ts';
import { openHttp, serve } from '../../support/loopback-http.ts';

const getText = (...asked: Parameters<Http['getText']>) => openHttp().getText(...asked);
/** Why a URL is not read. */
const reason = async (url: string) => (await failure(getText(url))).fields['reason'];

describe('credentials', () => {
  test('go to their own origin and not to where it redirects', async () => {
    const cdn = await serve((_, response) => response.end('bytes'));
    const api = await serve((_, response) => {
      response.writeHead(302, { location: `${cdn.url}/signed?sig=1` }).end();
    });
    const credentials = {
      origin: api.url,
      authorization: 'Bearer canary',
      name: 'TOKEN',
      forPublic: false,
    };
    expect(await getText(`${api.url}/asset`, { credentials })).toBe('bytes');
    expect(api.requests[0]?.headers.authorization).toBe('Bearer canary');
    expect(cdn.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('come back when a redirect returns to their origin', async () => {
    const api = await serve((request, response) => {
      if (request.url === '/end') return response.end('bytes');
      return response.writeHead(307, { location: '/end' }).end();
    });
    const credentials = {
      origin: api.url,
      authorization: 'Bearer canary',
      name: 'TOKEN',
      forPublic: false,
    };
    await getText(`${api.url}/asset`, { credentials });
    expect(api.requests[1]?.headers.authorization).toBe('Bearer canary');
  });

  test('do not go to another port, name or scheme of the same host', async () => {
    const api = await serve((_, response) => response.end('bytes'));
    for (const origin of [
      `http://localhost:${api.port}`,
      `https://127.0.0.1:${api.port}`,
      `http://127.0.0.1:${api.port + 1}`,
    ]) {
      await getText(api.url, {
        credentials: { origin, authorization: 'Bearer canary', name: 'TOKEN', forPublic: false },
      });
    }
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a redirect', () => {
  test('is followed five times and no more', async () => {
    let hops = 5;
    const { url, requests } = await serve((_, response) => {
      hops -= 1;
      return hops < 0 ? response.end('here') : response.writeHead(302, { location: '/next' }).end();
    });
    expect(await getText(url)).toBe('here');
    hops = 6;
    expect(await reason(url)).toBe('refused');
    expect(requests).toHaveLength(6 + 6);
  });

  test.each([
    ['http://example.com/a', 'plain http to another machine'],
    ['file:///etc/passwd', 'a file'],
    ['http://[bad', 'no URL'],
  ])('to %s is refused: %s', async (location) => {
    const { url } = await serve((_, response) => response.writeHead(302, { location }).end());
    expect(await reason(url)).toBe('refused');
  });

  test('without a location is refused', async () => {
    const { url, requests } = await serve((_, response) => response.writeHead(302).end());
    expect(await reason(url)).toBe('refused');
    expect(requests).toHaveLength(1);
  });
});

describe('a hop', () => {
  test('leads from https to https', () => {
    const url = parseHop('/b', new URL('https://example.com/a'));
    expect(url.href).toBe('https://example.com/b');
  });

  test('never leads from https to http, not even to this machine', () => {
    expect(() => parseHop('http://127.0.0.1/a', new URL('https://example.com/'))).toThrow(
      expect.objectContaining({ code: 'SOURCE_UNAVAILABLE' }),
    );
  });

  test.each([
    ['localhost', true],
    ['a.localhost', true],
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['[::1]', true],
    ['127.0.0.1.example.com', false],
    ['localhost.example.com', false],
    ['10.0.0.1', false],
    ['[::ffff:10.0.0.1]', false],
  ])('to %s is on this machine: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
