import { CodexRuntimeError } from '../../errors.ts';
import { isLoopback } from '../../request/index.ts';
import { isDigest } from './descriptor.ts';

/** A repository of a registry, as `oci:HOST/REPOSITORY` names it. */
export interface Reference {
  /** `HOST` as it was written: clients keep credentials under it. */
  readonly host: string;
  /** Scheme, host and port, where the registry's interface answers. */
  readonly origin: string;
  readonly repository: string;
  /** `sha256:<hex>`; null for none. */
  readonly digest: string | null;
}

/** Docker's own names for its registry, and where that answers. */
const DOCKER_HUB: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io']);

const REPOSITORY =
  /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;

/**
 * Reads `HOST[:PORT]/REPOSITORY`, with `@sha256:…` where one image is meant. A registry on this machine
 * is asked by http, as container tools do it, unless the name begins with `https://`.
 * @throws CodexRuntimeError `USAGE`
 */
export function parseReference(text: string): Reference {
  const [, scheme, host = '', path = ''] = /^(https?:\/\/)?([^/]+)\/(.+)$/.exec(text) ?? [];
  const [repository = '', digest = null, ...more] = path.split('@');
  const address = `https://${DOCKER_HUB.has(host) ? 'registry-1.docker.io' : host}`;
  if (!/^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9A-Fa-f:]+\](:\d+)?$/.test(host) || !URL.canParse(address)) {
    throw refuse(text, 'has no registry host');
  }
  if (/:[^/]*$/.test(repository)) {
    throw refuse(text, 'names a tag, which the version chooses');
  }
  if (!REPOSITORY.test(repository) || repository.length > 255) {
    throw refuse(text, 'has no valid repository name');
  }
  if (more.length > 0 || (digest !== null && !isDigest(digest))) {
    throw refuse(text, 'has a digest that is not sha256: and 64 hexadecimal digits');
  }
  const url = new URL(address);
  const plain = scheme === undefined ? isLoopback(url.hostname) : scheme === 'http://';
  return { host, origin: plain ? `http://${url.host}` : url.origin, repository, digest };
}

function refuse(text: string, what: string): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', `oci:${text} ${what}.`, {
    hint: 'Write it like oci:registry.example.com/tools/codex, or with @sha256:… behind it.',
    fields: { reference: text },
  });
}
