import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import type { Environment } from '../settings.ts';

/**
 * Node's certificate authorities and those of the files named in `NODE_EXTRA_CA_CERTS` and
 * `SSL_CERT_FILE`; undefined when neither adds any, because loading the defaults again takes some
 * 50 ms. As in Node, a file that cannot be read adds nothing: the handshake then says what it misses.
 */
export async function loadCertificateAuthorities(env: Environment): Promise<string[] | undefined> {
  const paths = new Set([env['NODE_EXTRA_CA_CERTS'], env['SSL_CERT_FILE']]);
  const extra: string[] = [];
  for (const path of paths) {
    if (!path) continue;
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.includes('-----BEGIN')) extra.push(text);
  }
  return extra.length === 0 ? undefined : [...defaultAuthorities(), ...extra];
}

function defaultAuthorities(): readonly string[] {
  // Node 22.15 and newer: includes what --use-system-ca adds.
  const { getCACertificates } = tls as { getCACertificates?: (kind: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
}
