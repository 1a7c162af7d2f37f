import { isCodexRuntimeError } from '../../errors.ts';
import { isUnknownIssuer } from './certificate-failure.ts';
import type { Client } from './client.ts';
import { errorCode } from './network-failure.ts';
import { systemAuthorities } from './trust.ts';

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
