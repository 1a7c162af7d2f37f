import { readFileSync } from 'node:fs';
import type { ClientInfo } from './generated/protocol.ts';

/** Who this client is when its user does not say: this package. */
export function ownClientInfo(): ClientInfo {
  const url = new URL('../../package.json', import.meta.url);
  const { name, version } = JSON.parse(readFileSync(url, 'utf8')) as Record<string, string>;
  return { name: name ?? '', title: null, version: version ?? '' };
}
