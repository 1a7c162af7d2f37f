import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import type { Environment } from '../../settings.ts';

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

/** What Node trusts by itself. */
export function defaultAuthorities(): readonly string[] {
  // Includes what --use-system-ca adds.
  return authoritiesOfNode('default') ?? tls.rootCertificates;
}

/** The certificate store of this machine, as far as this Node can read it; empty where it cannot. */
export function systemAuthorities(): readonly string[] {
  return authoritiesOfNode('system') ?? [];
}

/** Node 22.15 and newer tell. */
function authoritiesOfNode(kind: 'default' | 'system'): readonly string[] | undefined {
  const { getCACertificates } = tls as { getCACertificates?: (kind: string) => string[] };
  return getCACertificates?.(kind);
}
