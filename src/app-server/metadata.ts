import { ProtocolError } from './errors.ts';
import type { InitializeResponse } from './generated/protocol.ts';

/** What the server tells about itself when a client comes. */
export interface ServerMetadata {
  /** `<client name>/<Codex version> (<system>) …` */
  readonly userAgent: string;
  /** Always `codex`: the server itself tells no name. */
  readonly serverName: string;
  /** Codex's version, semver. */
  readonly serverVersion: string;
  /** `unix` or `windows`; null where an old server does not say. */
  readonly platformFamily: string | null;
  /** `macos`, `linux` or `windows`; null where an old server does not say. */
  readonly platformOs: string | null;
  /** Absolute; null where an old server does not say. */
  readonly codexHome: string | null;
}

const ANY = /^.+?\/(?<version>\d+\.\d+\.\d+[^\s]*)/;
const VERSION = /^(?<version>\d+\.\d+\.\d+[^\s]*)/;
/** Where the client's name is not in front as it was sent: the first version before the system. */
const SOMEWHERE = /\/(?<version>\d+\.\d+\.\d+[^\s]*) \(/;

/**
 * `clientName` is what this client called itself: it comes first in the user agent, and may itself
 * look like a name with a version.
 * @throws ProtocolError when the answer is not the one of an app-server.
 */
export function parseMetadata(answer: unknown, clientName: string): ServerMetadata {
  const { userAgent, platformFamily, platformOs, codexHome } = (answer ?? {}) as Record<
    keyof InitializeResponse,
    unknown
  >;
  const version = typeof userAgent === 'string' ? versionIn(userAgent, clientName) : undefined;
  if (typeof userAgent !== 'string' || version === undefined) {
    throw new ProtocolError(
      `The server introduced itself without a version: ${JSON.stringify(userAgent)}`,
      { hint: 'Check that the executable is Codex.', fields: { userAgent } },
    );
  }
  return {
    userAgent,
    serverName: 'codex',
    serverVersion: version,
    platformFamily: textOrNull(platformFamily),
    platformOs: textOrNull(platformOs),
    codexHome: textOrNull(codexHome),
  };
}

function versionIn(userAgent: string, clientName: string): string | undefined {
  const own = `${clientName}/`;
  const rest = userAgent.startsWith(own) ? userAgent.slice(own.length) : '';
  const match = VERSION.exec(rest) ?? SOMEWHERE.exec(userAgent) ?? ANY.exec(userAgent);
  return match?.groups?.['version'];
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
