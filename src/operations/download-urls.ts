import { CodexRuntimeError } from '../errors.ts';
import { loadNpmOptions, publicRegistry } from '../fetch/npm/index.ts';
import type { PackedFile } from '../package/pack/index.ts';
import { readWebUrl, type Settings } from '../request/index.ts';

/** Where an archive will be found once it is published; null where nobody can tell. */
export type DownloadUrl = (file: PackedFile) => string | null;

/**
 * The addresses for the DotSlash file, which everybody may read: no password gets into it.
 * @param directory where all archives will lie; undefined for the registry that npm's configuration
 * names for each package, which has no wheels
 * @throws CodexRuntimeError `USAGE` for a directory that is not such a URL
 */
export async function downloadUrls(
  settings: Settings,
  directory: string | undefined,
): Promise<DownloadUrl> {
  if (directory !== undefined) {
    const base = parseDirectory(directory);
    return ({ path }) => `${base}${path}`;
  }
  const options = await loadNpmOptions(settings);
  return ({ ecosystem, package: { name, version } }) => {
    // PyPI's addresses are known when it has the wheel, and not before; images have none.
    if (ecosystem !== 'node') return null;
    const file = `${name.replace(/^.*\//, '')}-${version}.tgz`;
    return `${publicRegistry(options, name)}${name}/-/${file}`;
  };
}

function parseDirectory(text: string): string {
  if (readWebUrl(text, { base: true }) !== null) return text.replace(/\/*$/, '/');
  throw new CodexRuntimeError(
    'USAGE',
    'The download URL is not an http or https URL without user, query and fragment.',
    { hint: 'Name the directory that will hold the archives, with https://.' },
  );
}
