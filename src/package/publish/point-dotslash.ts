import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { replaceFile } from '../../disk/replace-file.ts';
import type { PackManifest } from '../pack/index.ts';

/**
 * Makes the DotSlash file of a release name the registry that it was published to, where it names a
 * registry at all: `pack` could only guess which one it would be. Addresses that `--download-url`
 * gave it stay.
 * @param address of the registry, without credentials, with a slash at its end
 * @throws CodexRuntimeError the disk's own failures
 */
export async function pointDotslash(
  directory: string,
  release: PackManifest,
  address: string,
): Promise<void> {
  const path = join(directory, 'codex');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return;
  let pointed = text;
  for (const { ecosystem, package: inside } of release.files) {
    if (ecosystem !== 'node') continue;
    const file = `${inside.name}/-/${inside.name.replace(/^.*\//, '')}-${inside.version}.tgz`;
    const known = new RegExp(`"https?://[^"]*/${file.replace(/[.+]/g, '\\$&')}"`, 'g');
    pointed = pointed.replace(known, () => JSON.stringify(`${address}${file}`));
  }
  try {
    await replaceFile(path, pointed, 0o755);
  } catch (error) {
    throw diskError(error, 'write the DotSlash file', path);
  }
}
