import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { hashFile } from '../../disk/hash-file.ts';
import { CodexRuntimeError } from '../../errors.ts';
import {
  blobPath,
  type Descriptor,
  type ImageConfig,
  isManifestType,
  layerFormat,
  loadBlob,
  loadLayout,
  platformOf,
  REF_NAME,
  readConfig,
  readManifest,
} from '../../fetch/oci/index.ts';
import type { Target } from '../../target/index.ts';

/** The image that a runtime's layer is put on. */
export interface BaseImage {
  readonly layout: string;
  /** Digest of its manifest. */
  readonly digest: string;
  readonly layers: readonly Descriptor[];
  readonly config: ImageConfig;
}

/**
 * Reads the image for `target` from a layout.
 * @param named `DIRECTORY`, or `DIRECTORY:TAG` where the layout has several images
 * @throws CodexRuntimeError `USAGE` when the layout has no image of that name, or none for `target`; `DAMAGED`
 */
export async function loadBaseImage(named: string, target: Target): Promise<BaseImage> {
  const { layout, entries } = await entriesOf(named);
  const [entry, ...others] = entries;
  if (entry === undefined || others.length > 0) {
    throw refuse(named, others.length > 0 ? 'has several images' : 'has no image of that name');
  }
  const wanted = platformOf(target);
  const descriptor = await forPlatform(layout, entry, (found) => {
    return found?.os === wanted.os && found.architecture === wanted.architecture;
  });
  const manifest = descriptor && (await readBlob(layout, descriptor));
  if (manifest?.kind !== 'manifest') {
    throw refuse(named, `has no image for ${wanted.os}/${wanted.architecture}`);
  }
  const config = readConfig((await loadBlob(layout, manifest.config)).toString('utf8'));
  if (config?.os !== wanted.os || config.architecture !== wanted.architecture) {
    throw refuse(named, `has no image for ${wanted.os}/${wanted.architecture}`);
  }
  const { layers } = manifest;
  if (layers.length !== config.diffIds.length || !layers.every(isTaken)) {
    throw refuse(named, 'has an image with layers that are not the OCI form');
  }
  return { layout, digest: descriptor?.digest ?? '', layers, config };
}

/** Copies the layers of `base` into another layout, held to their digests. */
export async function copyLayers({ layout, layers }: BaseImage, to: string): Promise<void> {
  for (const { digest } of layers) {
    const path = join(to, blobPath(digest));
    try {
      await copyFile(join(layout, blobPath(digest)), path);
      const { sha256 } = await hashFile(path, ['sha256'], undefined);
      if (digest === `sha256:${sha256.toString('hex')}`) continue;
    } catch (error) {
      throw diskError(error, 'copy the base image', path, 'out');
    }
    throw new CodexRuntimeError('DAMAGED', `${layout} has a layer that is not what it says.`, {
      hint: 'Make the layout of the base image again.',
      fields: { path: layout, expected: digest },
    });
  }
}

async function entriesOf(named: string) {
  const tagged = /^(.+):([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/.exec(named);
  const whole = await loadLayout(named).catch((error: unknown) => {
    if (tagged === null) throw error;
    return null;
  });
  if (whole !== null) return { layout: named, entries: whole.manifests };
  const [, layout = '', tag] = tagged ?? [];
  const { manifests } = await loadLayout(layout);
  return { layout, entries: manifests.filter((one) => one.annotations?.[REF_NAME] === tag) };
}

async function forPlatform(
  layout: string,
  entry: Descriptor,
  fits: (platform: Descriptor['platform']) => boolean,
): Promise<Descriptor | undefined> {
  if (isManifestType(entry.mediaType)) return entry;
  const index = await readBlob(layout, entry);
  return index?.kind === 'index'
    ? index.manifests.find(({ platform }) => fits(platform))
    : undefined;
}

async function readBlob(layout: string, descriptor: Descriptor) {
  const bytes = await loadBlob(layout, descriptor);
  return readManifest(descriptor.mediaType, bytes.toString('utf8'));
}

/** Docker's own types would need a manifest of Docker's around them. */
function isTaken({ mediaType }: Descriptor): boolean {
  return mediaType.startsWith('application/vnd.oci.') && layerFormat(mediaType) !== undefined;
}

function refuse(named: string, what: string): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', `The base ${named} ${what}.`, {
    hint: 'Make a layout with "skopeo copy --all docker://IMAGE oci:DIRECTORY:TAG", and name DIRECTORY or DIRECTORY:TAG.',
    fields: { base: named },
  });
}
