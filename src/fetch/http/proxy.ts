import { CodexRuntimeError } from '../../errors.ts';
import type { Environment } from '../../request/index.ts';
import { isExempt } from './no-proxy.ts';

/** Where a proxy is named, and its text. The text may hold a password and is never printed. */
interface NamedProxy {
  readonly name: string;
  readonly text: string;
}

/** Which proxies there are. They are read when a URL needs one: one that is not needed may be wrong. */
export interface ProxySettings {
  readonly http: NamedProxy | undefined;
  readonly https: NamedProxy | undefined;
  /** Hosts that are asked directly; see {@link isExempt}. */
  readonly noProxy: string;
}

const PROXY_PROTOCOLS: readonly string[] = [
  'http:',
  'https:',
  'socks:',
  'socks4:',
  'socks4a:',
  'socks5:',
  'socks5h:',
];

/**
 * What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say; the lower-case form goes first,
 * as in curl.
 */
export function loadProxySettings(env: Environment): ProxySettings {
  const all = variable(env, 'ALL_PROXY');
  return {
    http: variable(env, 'HTTP_PROXY') ?? all,
    https: variable(env, 'HTTPS_PROXY') ?? all,
    noProxy: variable(env, 'NO_PROXY')?.text ?? '',
  };
}

/**
 * The proxy through which `url` is asked, or null for none.
 * @throws CodexRuntimeError `USAGE` when it needs one that is not a proxy's URL
 */
export function proxyFor(url: URL, { http, https, noProxy }: ProxySettings): URL | null {
  const named = url.protocol === 'https:' ? https : http;
  return named === undefined || isExempt(url, noProxy) ? null : parseProxy(named);
}

function parseProxy({ name, text }: NamedProxy): URL {
  // `proxy.example:8080` is how many write it; curl reads it as http.
  const address = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url !== null && PROXY_PROTOCOLS.includes(url.protocol) && url.hostname !== '') return url;
  throw new CodexRuntimeError('USAGE', `${name} is not the address of a proxy.`, {
    hint: `Write ${name} like http://user:password@proxy.example:8080; https, socks5 and socks5h work too.`,
    fields: { variable: name },
  });
}

function variable(env: Environment, name: string): NamedProxy | undefined {
  for (const spelled of [name.toLowerCase(), name]) {
    const text = env[spelled]?.trim();
    if (text !== undefined && text !== '') return { name: spelled, text };
  }
  return undefined;
}
