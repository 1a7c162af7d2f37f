import { once } from 'node:events';
import type { Transform } from 'node:stream';
import zlib, { crc32 } from 'node:zlib';
import { CodexRuntimeError } from '../../errors.ts';
import { type ArchiveDigest, ArchiveFile } from './archive-file.ts';
import { type BlockCompressor, DEFLATE_END, type DeflatedBlock } from './deflate-pool.ts';

/** One compressed stream on the disk, fed with blocks. */
export interface CompressedFile {
  add(block: DeflatedBlock): Promise<void>;
  /** As {@link add}, for what no other archive shares. */
  addBytes(bytes: Buffer): Promise<void>;
  finish(): Promise<ArchiveDigest>;
  /** Closes the file as it is, after a failure. */
  abandon(): Promise<void>;
}

// Magic, DEFLATE, no flags, no time, no level hint, unknown system: nothing about this machine.
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff]);

/** One gzip member, of blocks that are compressed already. */
export class GzipFile implements CompressedFile {
  readonly #file: ArchiveFile;
  readonly #pool: BlockCompressor;
  #size = 0;
  #crc = 0;

  private constructor(file: ArchiveFile, pool: BlockCompressor) {
    this.#file = file;
    this.#pool = pool;
  }

  static async create(path: string, pool: BlockCompressor): Promise<GzipFile> {
    const gzip = new GzipFile(await ArchiveFile.create(path), pool);
    await gzip.#file.append(GZIP_HEADER);
    return gzip;
  }

  async add({ raw, deflated }: DeflatedBlock): Promise<void> {
    this.#crc = crc32(raw, this.#crc);
    this.#size += raw.length;
    await this.#file.append(deflated);
  }

  async addBytes(bytes: Buffer): Promise<void> {
    await this.add(await this.#pool.deflate(bytes));
  }

  async finish(): Promise<ArchiveDigest> {
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#size % 2 ** 32, 4);
    await this.#file.append(Buffer.concat([DEFLATE_END, trailer]));
    return this.#file.finish();
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
  }
}

/** Node's zstd, from 22.15 on; the types are those of an older one. */
interface ZstdModule {
  readonly createZstdCompress?: (options: {
    readonly chunkSize: number;
    readonly params: Readonly<Record<number, number>>;
  }) => Transform;
  readonly constants: Readonly<Record<string, number>>;
}

const { createZstdCompress, constants } = zlib as unknown as ZstdModule;

/** zstd's own default: smaller than gzip -9 in a seventh of the time of gzip -6. */
const ZSTD_LEVEL = 3;

/** @throws CodexRuntimeError `UNSUPPORTED_PLATFORM` for a Node without zstd */
export function verifyZstd(): void {
  if (createZstdCompress !== undefined) return;
  throw new CodexRuntimeError(
    'UNSUPPORTED_PLATFORM',
    `Node ${process.versions.node} has no zstd: an image needs Node 22.15 or newer for it.`,
    { hint: 'Use --compression gzip, or a newer Node.' },
  );
}

/** One zstd frame. Its bytes depend on the version of zstd. */
export class ZstdFile implements CompressedFile {
  readonly #file: ArchiveFile;
  readonly #zstd: Transform;
  readonly #written: Promise<void>;

  private constructor(file: ArchiveFile, zstd: Transform) {
    this.#file = file;
    this.#zstd = zstd;
    this.#written = this.#write();
    // Met where it is awaited.
    this.#written.catch(() => undefined);
  }

  static async create(path: string): Promise<ZstdFile> {
    verifyZstd();
    const file = await ArchiveFile.create(path);
    const params = {
      [constants['ZSTD_c_compressionLevel'] ?? 0]: ZSTD_LEVEL,
      [constants['ZSTD_c_checksumFlag'] ?? 0]: 1,
    };
    const zstd = createZstdCompress?.({ chunkSize: 2 ** 20, params });
    if (zstd === undefined) throw new TypeError('this Node has no zstd');
    return new ZstdFile(file, zstd);
  }

  async add({ raw }: DeflatedBlock): Promise<void> {
    await this.addBytes(raw);
  }

  async addBytes(bytes: Buffer): Promise<void> {
    if (this.#zstd.write(bytes)) return;
    // A disk that is full ends the wait too.
    await Promise.race([once(this.#zstd, 'drain'), this.#written]);
  }

  async finish(): Promise<ArchiveDigest> {
    this.#zstd.end();
    await this.#written;
    return this.#file.finish();
  }

  async abandon(): Promise<void> {
    this.#zstd.destroy();
    await this.#written.catch(() => undefined);
    await this.#file.abandon();
  }

  async #write(): Promise<void> {
    for await (const chunk of this.#zstd) await this.#file.append(chunk);
  }
}

/** Compresses nothing, for images whose one stream does that itself. */
export const PLAIN_BLOCKS: BlockCompressor = {
  ahead: 4,
  deflate: async (raw) => ({ raw, deflated: Buffer.alloc(0) }),
};
