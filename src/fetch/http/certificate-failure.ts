import type { CodexRuntimeError } from '../../errors.ts';
import { unavailable } from './failure.ts';

/** Whether a TLS error is about the other end's certificate. */
export function isCertificateError(code: string): boolean {
  return (
    code.startsWith('CERT_') ||
    code.startsWith('ERR_TLS_CERT') ||
    code.includes('SELF_SIGNED') ||
    code.startsWith('UNABLE_TO_') ||
    code === 'INVALID_CA' ||
    code === 'HOSTNAME_MISMATCH'
  );
}

/** Whether a certificate was refused because its issuer is not trusted here. */
export function isUnknownIssuer(code: string): boolean {
  return (
    code.includes('SELF_SIGNED') ||
    code.startsWith('UNABLE_TO_GET_ISSUER_CERT') ||
    code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' ||
    code === 'CERT_UNTRUSTED' ||
    code === 'CERT_REJECTED'
  );
}

interface RefusedCertificate {
  readonly code: string;
  readonly url: URL;
  readonly cause: unknown;
}

/** A `SOURCE_UNAVAILABLE` (`untrusted`). Each cause needs something else to be done about it. */
export function certificateFailure(
  what: string,
  { code, url, cause }: RefusedCertificate,
): CodexRuntimeError {
  const { words, hint } = explain(code, url);
  return unavailable(`${what} was not accepted: ${words} (${code}).`, {
    reason: 'untrusted',
    url,
    errno: code,
    cause,
    hint,
  });
}

function explain(code: string, { host }: URL): { readonly words: string; readonly hint: string } {
  const now = new Date().toISOString();
  if (code === 'CERT_HAS_EXPIRED') {
    return {
      words: 'it has expired',
      hint: `This machine's clock says ${now}. If that is right, the operator of ${host} has to renew the certificate.`,
    };
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return {
      words: 'it is not valid yet',
      hint: `This machine's clock says ${now}. Set it if that is wrong.`,
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    return {
      words: 'it was issued for another name',
      hint: `Check the address ${host}, and whether a proxy or a login page answers in its place.`,
    };
  }
  if (code === 'CERT_REVOKED') {
    return { words: 'it was revoked', hint: `Ask the operator of ${host}.` };
  }
  if (isUnknownIssuer(code)) {
    return {
      words: 'its issuer is not trusted',
      hint: 'Name the file with the certificate authority in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE; Node 22.15 and newer also take what this machine itself trusts.',
    };
  }
  return { words: 'it could not be verified', hint: `Ask the operator of ${host}.` };
}
