import { ProtocolError } from './errors.ts';
import type { InitializeResponse } from './generated/protocol.ts';

/** What the server tells about itself when a client comes. */
export interface ServerMetadata {
  /** `<client name>/<Codex version> (<system>) …` */
  readonly userAgent: string;
  /** The first part of `userAgent`. */
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

const USER_AGENT = /^(?<name>.+?)\/(?<version>\d+\.\d+\.\d+[^\s]*)/;

/** @throws ProtocolError when the answer is not the one of an app-server. */
export function parseMetadata(answer: unknown): ServerMetadata {
  const { userAgent, platformFamily, platformOs, codexHome } = (answer ??
    {}) as Partial<InitializeResponse>;
  const { name, version } = USER_AGENT.exec(userAgent ?? '')?.groups ?? {};
  if (userAgent === undefined || name === undefined || version === undefined) {
    throw new ProtocolError(`The server introduced itself without a version: ${userAgent}`, {
      hint: 'Check that the executable is Codex.',
      fields: { userAgent },
    });
  }
  return {
    userAgent,
    serverName: name,
    serverVersion: version,
    platformFamily: platformFamily ?? null,
    platformOs: platformOs ?? null,
    codexHome: codexHome ?? null,
  };
}
