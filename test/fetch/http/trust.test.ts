import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import tls from 'node:tls';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { loadCertificateAuthorities } from '../../../src/fetch/http/trust.ts';
import {
  type Certificate,
  makeCertificate,
  makeCertificateFor,
  startTlsServer,
} from '../../support/certificate.ts';
import { failure } from '../../support/failure.ts';
import { closing, openHttp, serve } from '../../support/loopback-http.ts';

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

describe('what to do about a certificate', () => {
  const DAY = 86_400_000;
  const days = (from: number, to: number) =>
    [new Date(Date.now() + from * DAY), new Date(Date.now() + to * DAY)] as const;
  const askWith = async (shown: Certificate, host: string, env: Record<string, string>) => {
    const server = closing(await startTlsServer(shown, (_, response) => response.end('trusted')));
    return failure(openHttp({}, env).getText(`https://${host}:${server.port}/`));
  };
  const known = () => ({ SSL_CERT_FILE: certificate.ca });

  test('that has expired is a matter of the clock, or of its owner', async () => {
    const old = makeCertificateFor(dir, ['127.0.0.1'], days(-9, -2));
    const error = await askWith(old, '127.0.0.1', known());
    expect(error.fields).toMatchObject({ reason: 'untrusted', errno: 'CERT_HAS_EXPIRED' });
    expect(error.hint).toMatch(/clock says .*renew/);
    expect(error.hint).not.toContain('NODE_EXTRA_CA_CERTS');
  });

  test('that is not valid yet is a matter of the clock', async () => {
    const early = makeCertificateFor(dir, ['127.0.0.1'], days(2, 9));
    const error = await askWith(early, '127.0.0.1', known());
    expect(error.fields).toMatchObject({ reason: 'untrusted', errno: 'CERT_NOT_YET_VALID' });
    expect(error.hint).toContain('clock');
    expect(error.hint).not.toMatch(/NODE_EXTRA_CA_CERTS|renew/);
  });

  test('for another name is a matter of the address', async () => {
    const error = await askWith(certificate, 'localhost', known());
    expect(error.fields).toMatchObject({ errno: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(error.hint).toContain('localhost');
    expect(error.hint).not.toMatch(/NODE_EXTRA_CA_CERTS|clock/);
  });

  test('of an unknown issuer is a matter of the authorities that are trusted', async () => {
    const error = await askWith(certificate, '127.0.0.1', {});
    expect(error.fields).toMatchObject({ reason: 'untrusted' });
    expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
  });
});

/** As Node 22.15 and newer read the certificate store of the machine. */
function systemStore(...authorities: readonly string[]): { readonly asked: readonly string[] } {
  const asked: string[] = [];
  const own = tls as { getCACertificates?: unknown };
  const before = own.getCACertificates;
  own.getCACertificates = (kind: string) => {
    asked.push(kind);
    return kind === 'system' ? authorities : tls.rootCertificates;
  };
  onTestFinished(() => {
    own.getCACertificates = before;
  });
  return { asked };
}

describe("the machine's certificate store", () => {
  test('counts where Node can read it', async () => {
    systemStore(readFileSync(certificate.ca, 'utf8'));
    expect(await ask({})).toBe('trusted');
  });

  test('is not read where nothing is missing', async () => {
    const { asked } = systemStore(readFileSync(certificate.ca, 'utf8'));
    expect(await ask({ SSL_CERT_FILE: certificate.ca })).toBe('trusted');
    expect(asked).not.toContain('system');
  });

  test('does not make a wrong name right', async () => {
    systemStore(readFileSync(certificate.ca, 'utf8'));
    const error = await failure(ask({}, 'localhost'));
    expect(error.fields).toMatchObject({ errno: 'ERR_TLS_CERT_ALTNAME_INVALID' });
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
