import { createHash } from 'node:crypto';
import { Header, Pax } from 'tar';
import type { ArchiveDigest } from './archive-file.ts';
import type { ArchiveEntry, ArchiveWriter } from './archive-writer.ts';
import type { CompressedFile } from './compressed-file.ts';
import type { DeflatedBlock } from './deflate-pool.ts';

/** The time that npm gives to every file of a package. */
const MTIME = new Date('1985-10-26T08:15:00.000Z');

const TAR_BLOCK = 512;

/** What the members of a tar are. Everything belongs to root's group. */
export interface TarMember extends ArchiveEntry {
  readonly type: 'File' | 'Directory';
  readonly uid: number;
}

/** Writes a compressed tar, as ustar: an npm tarball's files, or a layer of an image. */
export class TarWriter implements ArchiveWriter {
  readonly #file: CompressedFile;
  readonly #root: string;
  #padding = 0;

  /** @param root in front of every path, with a slash at its end; empty for none */
  constructor(file: CompressedFile, root: string) {
    this.#file = file;
    this.#root = root;
  }

  /** A directory that is not listed gets a mode and a time of its unpacker's choice. */
  async addDirectory(path: string, mode: number, uid = 0): Promise<void> {
    const directory = { path: `${this.#root}${path}/`, mode, uid, size: 0 };
    await this.#file.addBytes(tarHeader({ ...directory, type: 'Directory' }));
  }

  async begin({ path, mode, size }: ArchiveEntry): Promise<void> {
    const file = { path: `${this.#root}${path}`, mode, size, uid: 0 };
    await this.#file.addBytes(tarHeader({ ...file, type: 'File' }));
    this.#padding = tarPadding(size);
  }

  async add(block: DeflatedBlock): Promise<void> {
    await this.#file.add(block);
  }

  async end(): Promise<void> {
    if (this.#padding > 0) await this.#file.addBytes(Buffer.alloc(this.#padding));
  }

  async finish(): Promise<ArchiveDigest> {
    await this.#file.addBytes(TAR_END);
    return this.#file.finish();
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
  }
}

/** A compressed file that also knows the digest of what went in: an image names its layers by it. */
export class UncompressedDigest implements CompressedFile {
  readonly #file: CompressedFile;
  readonly #hash = createHash('sha256');

  constructor(file: CompressedFile) {
    this.#file = file;
  }

  async add(block: DeflatedBlock): Promise<void> {
    this.#hash.update(block.raw);
    await this.#file.add(block);
  }

  async addBytes(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.addBytes(bytes);
  }

  finish(): Promise<ArchiveDigest> {
    return this.#file.finish();
  }

  abandon(): Promise<void> {
    return this.#file.abandon();
  }

  /** `sha256:<hex>`, once everything is in. */
  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}

/** Two empty blocks end a tar. */
export const TAR_END: Buffer = Buffer.alloc(2 * TAR_BLOCK);

/** Bytes between a member's last byte and the next header. */
export function tarPadding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

/** The blocks in front of a member's bytes. */
export function tarHeader({ path, mode, size, type, uid }: TarMember): Buffer {
  const header = new Header({ path, mode, size, type, mtime: MTIME, uid, gid: 0 });
  header.encode();
  if (header.block === undefined) throw new TypeError('tar gave no header');
  // A path that ustar cannot hold is written once more in front, in full.
  return header.needPax ? Buffer.concat([new Pax({ path }).encode(), header.block]) : header.block;
}
