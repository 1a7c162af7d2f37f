import { join } from 'node:path';
import { CodexRuntimeError } from '../../errors.ts';
import {
  blobPath,
  type Descriptor,
  isIndexType,
  isManifestType,
  loadBlob,
  loadLayout,
  REF_NAME,
  readDescriptor,
  readManifest,
  VERSION_LABEL,
} from '../../fetch/oci/index.ts';
import type { PackedImage, PackManifest } from '../pack/index.ts';

/** A document, and where it stands between the blobs below and the tags above. */
export interface PlannedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  /** Attached to another image: registries with an interface for it list it themselves. */
  readonly attached: boolean;
}

/** A name, and the image that it gets. */
export interface PlannedTag {
  readonly tag: string;
  readonly manifest: PlannedManifest;
  /** Whether it may come to name another image: lists of attachments, and `latest`. */
  readonly moves: boolean;
}

/** What a release's images consist of, everything before what names it. */
export interface ImagePlan {
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly path: string }[];
  readonly manifests: readonly PlannedManifest[];
  readonly tags: readonly PlannedTag[];
}

/**
 * Reads the images of a packed release, in the order in which a registry takes them: blobs, the
 * manifests that name them, the indexes over those, and then the tags; the version's own tag follows
 * the others, and `distTag` comes last.
 * @throws CodexRuntimeError `USAGE` for a release without images; `DAMAGED`
 */
export async function loadImagePlan(
  layout: string,
  release: PackManifest,
  distTag: string,
): Promise<ImagePlan> {
  const { images = [] } = release;
  if (images.length === 0) {
    throw new CodexRuntimeError('USAGE', 'The release holds no images.', {
      hint: 'Pack it with --ecosystem oci.',
    });
  }
  const { manifests: entries } = await loadLayout(layout);
  const gathering = new Gathering(layout);
  const tags: PlannedTag[] = [];
  for (const { tag, digest, targets } of lastTheIndex(images)) {
    const entry = entries.find(
      (one) => one.digest === digest && one.annotations?.[REF_NAME] === tag,
    );
    if (entry === undefined) throw damaged(layout, tag);
    tags.push({ tag, manifest: await gathering.add(entry), moves: targets.length === 0 });
  }
  const last = tags.at(-1);
  if (last !== undefined && isIndexType(last.manifest.descriptor.mediaType) && !last.moves) {
    tags.push({ ...last, tag: distTag, moves: true });
  }
  return { blobs: [...gathering.blobs.values()], manifests: gathering.manifests, tags };
}

/** The image over several platforms is what people ask for: its name follows all others. */
function lastTheIndex(images: readonly PackedImage[]): readonly PackedImage[] {
  const isAttached = ({ targets }: PackedImage) => targets.length === 0;
  const [main, ...others] = images.filter((image) => !isAttached(image));
  return [...images.filter(isAttached), ...others, ...(main === undefined ? [] : [main])];
}

class Gathering {
  readonly blobs = new Map<string, ImagePlan['blobs'][number]>();
  readonly manifests: PlannedManifest[] = [];
  readonly #layout: string;
  readonly #known = new Map<string, PlannedManifest>();

  constructor(layout: string) {
    this.#layout = layout;
  }

  /** What a document names goes before it. */
  async add(descriptor: Descriptor): Promise<PlannedManifest> {
    const known = this.#known.get(descriptor.digest);
    if (known !== undefined) return known;
    const bytes = await loadBlob(this.#layout, descriptor);
    const text = bytes.toString('utf8');
    const document = readManifest(descriptor.mediaType, text);
    if (document === undefined) throw damaged(this.#layout, descriptor.digest);
    const subject = readDescriptor(JSON.parse(text).subject);
    if (document.kind === 'index') {
      for (const entry of document.manifests) await this.add(entry);
    } else {
      for (const blob of [document.config, ...document.layers]) {
        if (isManifestType(blob.mediaType)) throw damaged(this.#layout, descriptor.digest);
        const path = join(this.#layout, blobPath(blob.digest));
        this.blobs.set(blob.digest, { descriptor: blob, path });
      }
    }
    const planned = { descriptor, bytes, attached: subject !== undefined };
    this.#known.set(descriptor.digest, planned);
    this.manifests.push(planned);
    return planned;
  }
}

/** The version that a manifest or an index says it is; null where it does not. */
export function versionOf(mediaType: string, text: string): string | null {
  return readManifest(mediaType, text)?.annotations[VERSION_LABEL] ?? null;
}

function damaged(layout: string, what: string): CodexRuntimeError {
  return new CodexRuntimeError('DAMAGED', `${layout} has changed since it was packed: ${what}.`, {
    hint: 'Pack the release again.',
    fields: { path: layout },
  });
}
