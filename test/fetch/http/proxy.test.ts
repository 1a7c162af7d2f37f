import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { loadProxySettings, proxyFor } from '../../../src/fetch/http/proxy.ts';
import { type Certificate, makeCertificate, startTlsServer } from '../../support/certificate.ts';
import { failure } from '../../support/failure.ts';
import type { FaultServer } from '../../support/fault-server.ts';
import { closing, openHttp, serve } from '../../support/loopback-http.ts';
import { type LoopbackProxy, startProxy } from '../../support/loopback-proxy.ts';
import { startSocks } from '../../support/loopback-socks.ts';

const HOST = 'assets.example.test';
let certificate: Certificate;

beforeAll(async () => {
  const dir = join(inject('runDir'), 'proxy');
  await mkdir(dir, { recursive: true });
  certificate = makeCertificate(dir, [HOST, '127.0.0.1', 'localhost']);
});
const http = (env: Record<string, string>) =>
  openHttp({}, { NODE_EXTRA_CA_CERTS: certificate.ca, ...env });

async function servers(required?: string): Promise<{ proxy: LoopbackProxy; tls: FaultServer }> {
  const proxy = closing(await startProxy(required));
  const tls = closing(await startTlsServer(certificate, (_, response) => response.end('through')));
  return { proxy, tls };
}

describe('an https request', () => {
  test.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'])(
    'goes through the proxy in %s',
    async (name) => {
      const { proxy, tls } = await servers();
      const text = await http({ [name]: proxy.url }).getText(`https://${HOST}:${tls.port}/a`);
      expect(text).toBe('through');
      expect(proxy.targets).toEqual([`${HOST}:${tls.port}`]);
    },
  );

  test('takes the lower-case variable before the upper-case one', async () => {
    const { proxy, tls } = await servers();
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: `127.0.0.1:${proxy.port}` };
    expect(await http(env).getText(`https://${HOST}:${tls.port}/a`)).toBe('through');
  });

  test('takes the upper-case variable where the lower-case one is empty', async () => {
    const { proxy, tls } = await servers();
    const env = { HTTPS_PROXY: proxy.url, https_proxy: '' };
    expect(await http(env).getText(`https://${HOST}:${tls.port}/a`)).toBe('through');
  });

  test.each(['127.0.0.1', '*', 'example.org, 127.0.0.1'])(
    'goes past the proxy with NO_PROXY=%s',
    async (value) => {
      const { proxy, tls } = await servers();
      for (const name of ['NO_PROXY', 'no_proxy']) {
        const env = { HTTPS_PROXY: proxy.url, [name]: value };
        expect(await http(env).getText(tls.url)).toBe('through');
      }
      expect(proxy.targets).toEqual([]);
    },
  );

  test('gives the proxy its password, and the server none of it', async () => {
    const required = `Basic ${Buffer.from('user:canary').toString('base64')}`;
    const { proxy, tls } = await servers(required);
    const env = { HTTPS_PROXY: proxy.url.replace('//', '//user:canary@') };
    expect(await http(env).getText(`https://${HOST}:${tls.port}/a`)).toBe('through');
    expect(JSON.stringify(tls.requests)).not.toContain('authorization');
  });

  test('keeps its credentials from the proxy', async () => {
    const { proxy, tls } = await servers();
    const url = `https://${HOST}:${tls.port}`;
    const credentials = {
      origin: url,
      authorization: 'Bearer canary',
      name: 'TOKEN',
      forPublic: false,
    };
    await http({ HTTPS_PROXY: proxy.url }).getText(url, { credentials });
    expect(tls.requests[0]?.headers.authorization).toBe('Bearer canary');
    expect(proxy.credentials).toEqual([undefined]);
  });
});

describe('a proxy that cannot be used', () => {
  const WRONG = 'gopher://proxy.example.test:70';

  test('is refused by the request that needs it', async () => {
    const error = await failure(http({ HTTPS_PROXY: WRONG }).getText(`https://${HOST}/`));
    expect(error).toMatchObject({ code: 'USAGE', fields: { variable: 'HTTPS_PROXY' } });
  });

  test.each([
    ['exempt from it', { HTTPS_PROXY: WRONG, NO_PROXY: '127.0.0.1' }],
    ['of another protocol', { HTTP_PROXY: WRONG }],
  ])('does not stop a request that is %s', async (_, env) => {
    const { tls } = await servers();
    expect(await http(env).getText(tls.url)).toBe('through');
  });
});

describe('a SOCKS proxy', () => {
  test.each(['socks5', 'socks5h', 'socks4a'])('leads to the server (%s)', async (scheme) => {
    const { tls } = await servers();
    const socks = await startSocks();
    const host = scheme === 'socks5' ? 'localhost' : HOST;
    const env = { ALL_PROXY: `${scheme}://127.0.0.1:${socks.port}` };
    expect(await http(env).getText(`https://${host}:${tls.port}/`)).toBe('through');
    // The trailing h leaves the look-up of the name to the proxy.
    const asked = scheme === 'socks5' ? /^(127\.0\.0\.1|0*:.*1)$/ : HOST;
    expect(socks.targets).toEqual([expect.stringMatching(asked)]);
  });
});

describe('a proxy', () => {
  test('that asks for a password says so, without showing the one it was given', async () => {
    const { proxy, tls } = await servers('Basic other');
    const plain = await serve((_, response) => response.end());
    const withPassword = proxy.url.replace('//', '//user:canary@');
    const env = { HTTPS_PROXY: withPassword, HTTP_PROXY: withPassword };
    for (const url of [`https://${HOST}:${tls.port}/a`, plain.url]) {
      const error = await failure(http(env).getText(url));
      expect(error).toMatchObject({
        code: 'SOURCE_UNAVAILABLE',
        fields: { reason: 'proxy', status: 407 },
      });
      expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain('canary');
    }
  });

  test('that is gone makes its targets unreachable', async () => {
    const { proxy, tls } = await servers();
    await proxy.close();
    const env = { HTTPS_PROXY: proxy.url.replace('//', '//user:canary@') };
    const error = await failure(http(env).getText(`https://${HOST}:${tls.port}/a`));
    expect(error.fields['reason']).toBe('unreachable');
    expect(inspect(error, { depth: 9 })).not.toContain('canary');
  });

  test('that cannot be used leaves nothing to close', async () => {
    const one = http({ HTTP_PROXY: 'ftp://proxy.example.test' });
    expect((await failure(one.getText('http://127.0.0.1/'))).code).toBe('USAGE');
    await one.close();
  });

  test('gets plain requests in absolute form', async () => {
    const { proxy } = await servers();
    const plain = await serve((_, response) => response.end('plain'));
    expect(await http({ http_proxy: proxy.url }).getText(`${plain.url}/a`)).toBe('plain');
    expect(proxy.targets).toEqual([`${plain.url}/a`]);
  });

  test.each(['ftp://user:canary@proxy:1', 'http://user:canary@[bad', 'http://'])(
    'written as %s is refused by the name of its variable only',
    (value) => {
      const settings = loadProxySettings({ https_proxy: value });
      const load = () => proxyFor(new URL('https://example.test/'), settings);
      expect(load).toThrow(
        expect.objectContaining({ code: 'USAGE', fields: { variable: 'https_proxy' } }),
      );
      expect(load).not.toThrow(/canary/);
    },
  );
});
