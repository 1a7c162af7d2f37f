import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/**
 * Whether a `NO_PROXY` list exempts `url` from the proxy. It takes what curl and Go take: entries
 * separated by commas or blanks; `*`; a name, which includes its subdomains, with or without a
 * leading dot; `*.name` for the subdomains alone; an address; an address range as in `10.0.0.0/8`;
 * IPv6 with or without brackets; and a port behind any name or address.
 */
export function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const host = plainHost(hostname);
  const asked = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === '*') return true;
    const { pattern, port: wanted = asked } = readEntry(entry);
    if (pattern === '' || wanted !== asked) return false;
    return isIP(host) === 0 ? matchesName(host, pattern) : matchesAddress(host, pattern);
  });
}

/** Without the brackets of an IPv6 address, and without the dot that ends a full name. */
function plainHost(hostname: string): string {
  return hostname.toLowerCase().replace(/^\[|\]$|\.$/g, '');
}

function readEntry(entry: string): { readonly pattern: string; readonly port?: string } {
  const bracketed = /^\[([^\]]*)\](\/\d+)?(?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return described(`${bracketed[1]}${bracketed[2] ?? ''}`, bracketed[3]);
  // With more than one colon it is an IPv6 address, which needs brackets to have a port.
  const withPort = /^([^:]*):(\d+)$/.exec(entry);
  return described(withPort?.[1] ?? entry, withPort?.[2]);
}

function described(pattern: string, port: string | undefined) {
  return { pattern, ...(port === undefined ? {} : { port }) };
}

function matchesName(host: string, pattern: string): boolean {
  const [, lead = '', written = ''] = /^(\*\.|\.)?(.*)$/.exec(plainHost(pattern)) ?? [];
  const name = domainToASCII(written);
  if (name === '') return false;
  return host.endsWith(`.${name}`) || (lead !== '*.' && host === name);
}

function matchesAddress(host: string, pattern: string): boolean {
  const [address = '', bits] = pattern.split('/', 2);
  const family = isIP(address);
  if (family === 0) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const block = new BlockList();
  if (bits === undefined) {
    block.addAddress(address, type);
  } else {
    const prefix = Number(bits);
    if (!/^\d+$/.test(bits) || prefix > (family === 6 ? 128 : 32)) return false;
    block.addSubnet(address, prefix, type);
  }
  return block.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
