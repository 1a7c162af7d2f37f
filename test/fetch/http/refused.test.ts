import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../../src/events.ts';
import { failure } from '../../support/failure.ts';
import { openHttp, serve } from '../../support/loopback-http.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A server, and what asks it with a token. */
async function asked(answer: Answer, { forPublic = false, authorization = 'Bearer canary' } = {}) {
  const server = await serve(answer);
  const events: ProgressEvent[] = [];
  const http = openHttp({ onProgress: (event) => events.push(event) });
  const credentials = { origin: server.url, authorization, name: 'GITHUB_TOKEN', forPublic };
  const getText = (path = '/a') => http.getText(`${server.url}${path}`, { credentials });
  const tokens = () => server.requests.map(({ headers }) => headers.authorization);
  return { server, events, getText, tokens };
}

const withToken = (request: IncomingMessage) => request.headers.authorization !== undefined;

describe('a token that the server refuses', () => {
  test.each([401, 403])('is left away, and named once (%i)', async (status) => {
    const { getText, tokens, events } = await asked((request, response) => {
      response.writeHead(withToken(request) ? status : 200).end('public');
    });
    expect(await getText('/a')).toBe('public');
    expect(await getText('/b')).toBe('public');
    expect(tokens()).toEqual(['Bearer canary', undefined, undefined]);
    expect(events).toEqual([
      { type: 'refused', credentials: 'GITHUB_TOKEN', host: expect.any(String), status },
    ]);
  });

  test('is named where nothing can be had without it', async () => {
    const { getText, tokens } = await asked((_, response) => response.writeHead(401).end());
    const error = await failure(getText());
    expect(error).toMatchObject({ fields: { reason: 'unauthorized', status: 401 } });
    expect(error.message + error.hint).toContain('GITHUB_TOKEN');
    expect(error.message + error.hint).not.toContain('canary');
    expect(tokens()).toEqual(['Bearer canary', undefined]);
  });

  test.each([
    [false, 'unauthorized'],
    [true, 'not-found'],
  ])('leaves open whether something private is there (public: %s)', async (forPublic, reason) => {
    const { getText } = await asked(
      (request, response) => response.writeHead(withToken(request) ? 401 : 404).end(),
      { forPublic },
    );
    for (const path of ['/a', '/b']) {
      expect((await failure(getText(path))).fields['reason']).toBe(reason);
    }
  });

  test('is named where the limit without it is used up', async () => {
    const { getText } = await asked((request, response) => {
      if (withToken(request)) return response.writeHead(401).end();
      return response
        .writeHead(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9' })
        .end();
    });
    const error = await failure(getText());
    expect(error.fields['reason']).toBe('rate-limited');
    expect(error.hint).toContain('GITHUB_TOKEN');
  });
});

describe('a token', () => {
  test('that was not refused is not left away', async () => {
    const { getText, tokens } = await asked((_, response) => response.writeHead(404).end());
    expect((await failure(getText())).fields['reason']).toBe('not-found');
    expect(tokens()).toEqual(['Bearer canary']);
  });

  test('with a line end inside is told by its name, and not tried again', async () => {
    const { getText, server } = await asked((_, response) => response.end('x'), {
      authorization: 'Bearer ca\nnary',
    });
    const error = await failure(getText());
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', fields: { reason: 'refused' } });
    expect(error.message + error.hint).toMatch(/GITHUB_TOKEN.*line break/);
    expect(error.message).not.toContain('nary');
    expect(server.requests).toHaveLength(0);
  });
});

describe('a rate limit', () => {
  const BODY = JSON.stringify({
    message: 'You have exceeded a secondary rate limit. Please wait.',
  });

  test.each([403, 429])('may be told in the body alone (%i)', async (status) => {
    const { getText, tokens } = await asked((_, response) => response.writeHead(status).end(BODY));
    const error = await failure(getText());
    expect(error.fields).toMatchObject({ reason: 'rate-limited', status });
    const wait = Date.parse(String(error.fields['retryAt'])) - Date.now();
    expect(wait).toBeGreaterThan(50_000);
    expect(wait).toBeLessThan(70_000);
    expect(tokens()).toEqual(['Bearer canary']);
  });

  test('whose body does not come is a refusal, in time', async () => {
    const { getText } = await asked((_, response) => {
      response.writeHead(403, { 'content-length': 100 }).write('{');
    });
    expect((await failure(getText())).fields['reason']).toBe('unauthorized');
  });

  test.each([
    ['GitHub without a token', { 'x-github-request-id': 'A:B' }, true],
    ['a registry', {}, false],
  ])('of %s: GH_TOKEN is advised: %s', async (_, headers, advised) => {
    const server = await serve((_request, response) => response.writeHead(429, headers).end());
    const error = await failure(openHttp().getText(server.url));
    expect(error.fields['reason']).toBe('rate-limited');
    expect(error.hint?.includes('GH_TOKEN')).toBe(advised);
  });

  test('of GitHub does not advise a token to whoever has one', async () => {
    const { getText } = await asked((_, response) => {
      response.writeHead(429, { 'x-github-request-id': 'A:B' }).end();
    });
    expect((await failure(getText())).hint).not.toContain('GH_TOKEN');
  });
});
