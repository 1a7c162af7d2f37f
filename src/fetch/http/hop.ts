import { mayBeAsked } from '../../request/index.ts';
import { displayUrl, unavailable } from './failure.ts';

/** A secret and the one origin (scheme, host, port) that it may be sent to. */
export interface Credentials {
  readonly origin: string;
  /** The value of the `authorization` header. */
  readonly authorization: string;
  /** Where the secret comes from, e.g. the name of a variable: it is shown where it is refused. */
  readonly name: string;
  /** Whether what is asked for is public, so that its absence can be told without them. */
  readonly forPublic: boolean;
}

/**
 * Reads a URL that is about to be asked: https anywhere, plain http only on this machine.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` (`refused`)
 */
export function parseHop(text: string, from?: URL): URL {
  const url = tryParse(text, from);
  if (url === null) {
    // Its text may hold a password or a signature.
    const where = from === undefined ? 'The address' : `What ${displayUrl(from)} redirects to`;
    throw unavailable(`${where} is not a URL.`, { reason: 'refused' });
  }
  if (from !== undefined && from.protocol === 'https:' && url.protocol !== 'https:') {
    throw unavailable(
      `${displayUrl(from)} redirects from https to ${url.protocol}//${url.host}, which is not allowed.`,
      { reason: 'refused', url: from },
    );
  }
  if (mayBeAsked(url)) return url;
  throw unavailable(`${displayUrl(url)} is plain http, which is allowed on this machine only.`, {
    reason: 'refused',
    url,
  });
}

function tryParse(text: string, from: URL | undefined): URL | null {
  try {
    return new URL(text, from);
  } catch {
    return null;
  }
}
