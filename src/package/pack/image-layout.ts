import { createReadStream } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { makeDirectory } from '../../disk/make-directory.ts';
import {
  type Blob,
  blobOf,
  blobOfBytes,
  blobPath,
  type Descriptor,
  LAYOUT_FILE,
  LAYOUT_INDEX,
  LAYOUT_TEXT,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_MANIFEST,
  REF_NAME,
  referrersTag,
} from '../../fetch/oci/index.ts';
import { type ArchiveDigest, ArchiveFile } from './archive-file.ts';
import { TAR_END, tarHeader, tarPadding } from './tar-writer.ts';

/** The directory of a release that holds its images. */
export const IMAGES = 'oci';

/** An image, or an index of images, that gets a name. */
export interface TaggedImage {
  readonly tag: string;
  readonly descriptor: Descriptor;
}

/** A document that is attached to an image. */
export interface Attachment {
  readonly mediaType: string;
  readonly title: string;
  readonly text: string;
}

/** An image layout on its way to the disk. */
export class ImageLayout {
  readonly path: string;
  readonly #tagged: TaggedImage[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async create(path: string): Promise<ImageLayout> {
    await makeDirectory(join(path, 'blobs', 'sha256'));
    return new ImageLayout(path);
  }

  /** Adds a document; the same one may come again. */
  async add(blob: Blob): Promise<Descriptor> {
    const path = join(this.path, blobPath(blob.descriptor.digest));
    await write(path, blob.bytes);
    return blob.descriptor;
  }

  addDocument(mediaType: string, document: object): Promise<Descriptor> {
    return this.add(blobOf(mediaType, document));
  }

  tag(tag: string, descriptor: Descriptor): void {
    this.#tagged.push({ tag, descriptor });
  }

  /** Attaches documents in both ways that there are: by `subject`, and by a tag that lists them. */
  async attach(subject: Descriptor, attachments: readonly Attachment[]): Promise<void> {
    const { mediaType, digest, size } = subject;
    const entries: Descriptor[] = [];
    for (const { mediaType: artifactType, title, text } of attachments) {
      const content = await this.add(blobOfBytes(artifactType, Buffer.from(text, 'utf8')));
      const manifest = await this.addDocument(OCI_MANIFEST, {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        artifactType,
        config: await this.add(blobOfBytes(OCI_EMPTY, Buffer.from('{}'))),
        layers: [{ ...content, annotations: { 'org.opencontainers.image.title': title } }],
        subject: { mediaType, digest, size },
      });
      entries.push({ ...manifest, artifactType });
    }
    this.tag(referrersTag(digest), await this.addIndex(entries, {}));
  }

  addIndex(manifests: readonly Descriptor[], more: object): Promise<Descriptor> {
    const head = { schemaVersion: 2, mediaType: OCI_INDEX };
    return this.addDocument(OCI_INDEX, { ...head, manifests, ...more });
  }

  /** Writes what names the images; the layout is whole afterwards. */
  async finish(): Promise<readonly TaggedImage[]> {
    const manifests = this.#tagged.map(({ tag, descriptor }) => ({
      ...descriptor,
      annotations: { [REF_NAME]: tag },
    }));
    const index = blobOf(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
    await write(join(this.path, LAYOUT_FILE), Buffer.from(LAYOUT_TEXT));
    await write(join(this.path, LAYOUT_INDEX), index.bytes);
    return this.#tagged;
  }
}

/** Writes a layout as one tar, which `podman load`, `skopeo` and others take. */
export async function archiveLayout(layout: string, path: string): Promise<ArchiveDigest> {
  const file = await ArchiveFile.create(path);
  try {
    const blobs = (await readdir(join(layout, 'blobs', 'sha256'))).sort();
    for (const name of [LAYOUT_FILE, LAYOUT_INDEX]) {
      await appendFile(file, name, join(layout, name));
    }
    for (const name of ['blobs/', 'blobs/sha256/']) {
      await file.append(tarHeader({ path: name, mode: 0o755, size: 0, type: 'Directory', uid: 0 }));
    }
    for (const name of blobs) {
      await appendFile(file, `blobs/sha256/${name}`, join(layout, 'blobs', 'sha256', name));
    }
    await file.append(TAR_END);
    return await file.finish();
  } catch (error) {
    await file.abandon();
    throw diskError(error, 'write the images', path, 'out');
  }
}

async function appendFile(file: ArchiveFile, path: string, from: string): Promise<void> {
  const { size } = await stat(from);
  await file.append(tarHeader({ path, mode: 0o644, size, type: 'File', uid: 0 }));
  if (size < CHUNK) await file.append(await readFile(from));
  else {
    for await (const chunk of createReadStream(from, { highWaterMark: CHUNK })) {
      await file.append(chunk);
    }
  }
  await file.append(Buffer.alloc(tarPadding(size)));
}

const CHUNK = 2 ** 20;

async function write(path: string, bytes: Buffer): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw diskError(error, 'write the images', path, 'out');
  }
}
