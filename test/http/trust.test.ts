import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import tls from 'node:tls';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { loadCertificateAuthorities } from '../../src/http/trust.ts';
import { type Certificate, makeCertificate, startTlsServer } from '../support/certificate.ts';
import { failure } from '../support/failure.ts';
import { closing, openHttp, serve } from '../support/loopback-http.ts';

let certificate: Certificate;
let dir: string;

beforeAll(async () => {
  dir = join(inject('runDir'), 'trust');
  await mkdir(dir, { recursive: true });
  certificate = makeCertificate(dir, ['127.0.0.1']);
});
async function ask(env: Record<string, string>, host = '127.0.0.1'): Promise<string> {
  const { port } = closing(
    await startTlsServer(certificate, (_, response) => response.end('trusted')),
  );
  return openHttp({ retry: { attempts: 2, pause: 5 } }, env).getText(`https://${host}:${port}/`);
}

describe('a certificate', () => {
  test('of an unknown authority is refused, with a hint at the variables', async () => {
    const error = await failure(ask({}));
    expect(error.fields['reason']).toBe('untrusted');
    expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
  });

  test.each(['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'])(
    'of the authority in %s is trusted',
    async (name) => {
      expect(await ask({ [name]: certificate.ca })).toBe('trusted');
    },
  );

  test('for another name is refused even so', async () => {
    const error = await failure(ask({ SSL_CERT_FILE: certificate.ca }, 'localhost'));
    expect(error.fields['reason']).toBe('untrusted');
  });
});

test.each(['', 'missing.pem', 'empty.pem'])(
  'the file %j adds nothing and hides nothing',
  async (name) => {
    await writeFile(join(dir, 'empty.pem'), '');
    const path = name === '' ? '' : join(dir, name);
    expect((await failure(ask({ SSL_CERT_FILE: path }))).fields['reason']).toBe('untrusted');
    const both = { SSL_CERT_FILE: path, NODE_EXTRA_CA_CERTS: certificate.ca };
    expect(await ask(both)).toBe('trusted');
  },
);

test('the authorities of the environment do not replace the default ones', async () => {
  const all = await loadCertificateAuthorities({ SSL_CERT_FILE: certificate.ca });
  expect(all).toEqual(expect.arrayContaining([tls.rootCertificates[0]]));
});

test('a redirect from https to http is not followed, not even to this machine', async () => {
  const plain = await serve((_, response) => response.end('plain'));
  const secure = closing(
    await startTlsServer(certificate, (_, response) => {
      response.writeHead(302, { location: plain.url }).end();
    }),
  );
  const http = openHttp({}, { SSL_CERT_FILE: certificate.ca });
  expect((await failure(http.getText(secure.url))).fields['reason']).toBe('refused');
  expect(plain.requests).toHaveLength(0);
});
