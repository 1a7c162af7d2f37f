import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import { isCodexRuntimeError } from '../../errors.ts';
import type { Environment } from '../../request/index.ts';
import { isUnknownIssuer } from './certificate-failure.ts';
import type { Client } from './client.ts';
import { errorCode } from './network-failure.ts';

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
function systemAuthorities(): readonly string[] {
  return authoritiesOfNode('system') ?? [];
}

/** Node 22.15 and newer tell. */
function authoritiesOfNode(kind: 'default' | 'system'): readonly string[] | undefined {
  const { getCACertificates } = tls as { getCACertificates?: (kind: string) => string[] };
  return getCACertificates?.(kind);
}

/**
 * A client that trusts this machine's certificate store too. The store takes long to read, so it is
 * asked only when a server shows a certificate whose issuer is not known; nothing was sent by then.
 * @param open Opens the client that trusts these authorities besides the usual ones.
 */
export function withSystemTrust(
  usual: Client,
  open: (authorities: readonly string[]) => Promise<Client>,
): Client {
  let wider: Promise<Client | null> | undefined;
  const openWider = async (): Promise<Client | null> => {
    const authorities = systemAuthorities();
    return authorities.length === 0 ? null : open(authorities);
  };
  return {
    async get(request) {
      const known = await wider;
      if (known) return known.get(request);
      try {
        return await usual.get(request);
      } catch (error) {
        if (!isUnknownIssuer(certificateCode(error))) throw error;
        wider ??= openWider();
        const client = await wider;
        if (client === null) throw error;
        return client.get(request);
      }
    },
    async close() {
      await usual.close();
      await (await wider)?.close();
    },
  };
}

/** Of a server's certificate, or of a proxy's. */
function certificateCode(error: unknown): string {
  return isCodexRuntimeError(error) ? String(error.fields['errno']) : errorCode(error);
}
