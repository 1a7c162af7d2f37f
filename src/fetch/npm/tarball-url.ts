import type { NpmOptions } from './options.ts';

/**
 * The URL at which npm fetches a tarball: a registry that passes documents through unchanged still
 * names the public host in them. By `replace-registry-host` that host is replaced by the configured
 * registry (the default, `npmjs`), or every host (`always`), none (`never`), or the one that it names,
 * alone or with the beginning of a path.
 * Source: arborist's `#registryResolved`, which npm applies to every tarball.
 * @param registry the registry that npm's configuration names for the package
 */
export function tarballUrl(tarball: string, registry: string, options: NpmOptions): string {
  const wanted = String(options['replaceRegistryHost'] ?? 'npmjs');
  const match = wanted === 'npmjs' ? new URL(options.publicRegistry).hostname : wanted;
  const url = new URL(tarball);
  const prefix = URL.canParse(match) ? new URL(match) : null;
  const from = trimSlash(prefix?.pathname ?? '');
  const same = match === 'always' || (prefix?.hostname ?? match) === url.hostname;
  if (!same || match === 'never' || !isBelow(url.pathname, from)) return tarball;
  const target = new URL(registry);
  const to = trimSlash(target.pathname);
  url.protocol = target.protocol;
  url.hostname = target.hostname;
  url.port = target.port;
  if (from !== '') url.pathname = to + url.pathname.slice(from.length);
  else if (!isBelow(url.pathname, to)) url.pathname = to + url.pathname;
  return url.href;
}

function trimSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
