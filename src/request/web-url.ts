interface WebUrlRules {
  /** May hold a user and a password. Default: no, because it is shown. */
  readonly credentials?: boolean;
  /** Paths are put behind it: it has neither a query nor a fragment. */
  readonly base?: boolean;
}

/** Reads an http or https URL from outside; null for anything else. */
export function readWebUrl(
  value: unknown,
  { credentials = false, base = false }: WebUrlRules = {},
): URL | null {
  if (typeof value !== 'string' || !URL.canParse(value)) return null;
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  if (!credentials && (url.username !== '' || url.password !== '')) return null;
  return base && /[?#]/.test(value) ? null : url;
}

/** Whether a URL may be asked: https anywhere, plain http on this machine only. */
export function mayBeAsked({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** The host of a URL as sockets take it: an IPv6 address without brackets. */
export function hostOf({ hostname }: Pick<URL, 'hostname'>): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Whether a host name of a URL means this machine. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  // Without node:net, which takes long to load where nothing is to be done.
  return /^127(\.\d{1,3}){3}$/.test(host);
}
