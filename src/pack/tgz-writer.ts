import { crc32 } from 'node:zlib';
import { Header, Pax } from 'tar';
import { type ArchiveDigest, ArchiveFile } from './archive-file.ts';
import type { ArchiveEntry, ArchiveWriter } from './archive-writer.ts';
import { DEFLATE_END, type DeflatedBlock, type DeflatePool } from './deflate-pool.ts';

// Magic, DEFLATE, no flags, no time, no level hint, unknown system: nothing about this machine.
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff]);

/** The time that npm gives to every file of a package. */
const MTIME = new Date('1985-10-26T08:15:00.000Z');

const TAR_BLOCK = 512;

/** Writes an npm tarball: plain files under `package/`, as ustar in one gzip member. */
export class TgzWriter implements ArchiveWriter {
  readonly #file: ArchiveFile;
  readonly #pool: DeflatePool;
  #padding = 0;
  #size = 0;
  #crc = 0;

  private constructor(file: ArchiveFile, pool: DeflatePool) {
    this.#file = file;
    this.#pool = pool;
  }

  static async create(path: string, pool: DeflatePool): Promise<TgzWriter> {
    const writer = new TgzWriter(await ArchiveFile.create(path), pool);
    await writer.#file.append(GZIP_HEADER);
    return writer;
  }

  async begin({ path, mode, size }: ArchiveEntry): Promise<void> {
    await this.#addTarBlocks(tarHeader(`package/${path}`, mode, size));
    this.#padding = (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
  }

  async add({ raw, deflated }: DeflatedBlock): Promise<void> {
    this.#crc = crc32(raw, this.#crc);
    this.#size += raw.length;
    await this.#file.append(deflated);
  }

  async end(): Promise<void> {
    if (this.#padding > 0) await this.#addTarBlocks(Buffer.alloc(this.#padding));
  }

  async finish(): Promise<ArchiveDigest> {
    await this.#addTarBlocks(Buffer.alloc(2 * TAR_BLOCK));
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#size % 2 ** 32, 4);
    await this.#file.append(Buffer.concat([DEFLATE_END, trailer]));
    return this.#file.finish();
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  async #addTarBlocks(blocks: Buffer): Promise<void> {
    await this.add(await this.#pool.deflate(blocks));
  }
}

function tarHeader(path: string, mode: number, size: number): Buffer {
  const header = new Header({ path, mode, size, type: 'File', mtime: MTIME, uid: 0, gid: 0 });
  header.encode();
  if (header.block === undefined) throw new TypeError('tar gave no header');
  // A path that ustar cannot hold is written once more in front, in full.
  return header.needPax ? Buffer.concat([new Pax({ path }).encode(), header.block]) : header.block;
}
