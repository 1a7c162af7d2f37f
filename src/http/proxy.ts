import { CodexRuntimeError } from '../errors.ts';
import type { Environment } from '../settings.ts';

/** What the proxy variables say; an empty string means none. */
export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  /** Comma-separated hosts that are asked directly. */
  readonly noProxy: string;
}

const PROXY_PROTOCOLS: readonly string[] = ['http:', 'https:', 'socks5:', 'socks:'];

/**
 * Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; the lower-case form goes first,
 * as in curl. The values may hold a password and are never printed.
 * @throws CodexRuntimeError `USAGE` for a proxy that is not a URL.
 */
export function loadProxySettings(env: Environment): ProxySettings {
  return {
    httpProxy: proxyUrl(env, 'HTTP_PROXY'),
    httpsProxy: proxyUrl(env, 'HTTPS_PROXY'),
    noProxy: variable(env, 'NO_PROXY')?.value ?? '',
  };
}

function proxyUrl(env: Environment, name: string): string {
  const found = variable(env, name) ?? variable(env, 'ALL_PROXY');
  if (found === undefined) return '';
  // `proxy.example:8080` is how many write it; curl reads it as http.
  const text = found.value.includes('://') ? found.value : `http://${found.value}`;
  if (URL.canParse(text) && PROXY_PROTOCOLS.includes(new URL(text).protocol)) return text;
  throw new CodexRuntimeError('USAGE', `${found.name} does not hold a proxy that can be used.`, {
    hint: `Write ${found.name} like http://user:password@proxy.example:8080; socks5:// works too.`,
    fields: { variable: found.name },
  });
}

function variable(
  env: Environment,
  name: string,
): { readonly name: string; readonly value: string } | undefined {
  for (const spelled of [name.toLowerCase(), name]) {
    const value = env[spelled]?.trim();
    if (value !== undefined && value !== '') return { name: spelled, value };
  }
  return undefined;
}
