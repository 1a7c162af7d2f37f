import { crc32 } from 'node:zlib';
import { CodexRuntimeError } from '../../errors.ts';
import { type ArchiveDigest, ArchiveFile } from './archive-file.ts';
import type { ArchiveEntry, ArchiveWriter } from './archive-writer.ts';
import { DEFLATE_END, type DeflatedBlock } from './deflate-pool.ts';

// The numbers of APPNOTE.TXT: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const VERSION_NEEDED = 20;
const MADE_ON_UNIX = (3 << 8) | VERSION_NEEDED;
const UTF8_NAMES = 1 << 11;
const DEFLATED = 8;
/** 1980-01-01 00:00, the first moment that zip knows. */
const DATE = (1 << 5) | 1;
const REGULAR_FILE = 0o100000;
const LIMIT = 0xffff_ffff;

interface Entry {
  readonly name: Buffer;
  readonly mode: number;
  readonly offset: number;
  crc: number;
  size: number;
  compressed: number;
}

/**
 * Writes a zip of deflated files whose headers tell sizes and checksums (no data descriptors), so
 * that installers which read it as a stream accept it too.
 */
export class ZipWriter implements ArchiveWriter {
  readonly #file: ArchiveFile;
  readonly #entries: Entry[] = [];

  private constructor(file: ArchiveFile) {
    this.#file = file;
  }

  static async create(path: string): Promise<ZipWriter> {
    return new ZipWriter(await ArchiveFile.create(path));
  }

  async begin({ path, mode }: ArchiveEntry): Promise<void> {
    const offset = this.#file.position;
    const name = Buffer.from(path, 'utf8');
    const entry: Entry = { name, mode, offset, crc: 0, size: 0, compressed: 0 };
    this.#entries.push(entry);
    await this.#file.append(localHeader(entry));
  }

  async add({ raw, deflated }: DeflatedBlock): Promise<void> {
    const entry = this.#current();
    entry.crc = crc32(raw, entry.crc);
    entry.size += raw.length;
    await this.#append(entry, deflated);
  }

  async end(): Promise<void> {
    const entry = this.#current();
    await this.#append(entry, DEFLATE_END);
    verifyLimit(this.#file, entry.size, this.#file.position);
    await this.#file.mend(localHeader(entry), entry.offset);
  }

  async finish(): Promise<ArchiveDigest> {
    const start = this.#file.position;
    for (const entry of this.#entries) await this.#file.append(centralHeader(entry));
    const size = this.#file.position - start;
    verifyLimit(this.#file, this.#file.position, this.#entries.length * 2 ** 16);
    await this.#file.append(endOfDirectory(this.#entries.length, size, start));
    return this.#file.finish();
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  #current(): Entry {
    const entry = this.#entries.at(-1);
    if (entry === undefined) throw new TypeError('a zip member must begin before its bytes');
    return entry;
  }

  async #append(entry: Entry, bytes: Buffer): Promise<void> {
    entry.compressed += bytes.length;
    await this.#file.append(bytes);
  }
}

/** What both kinds of header say of an entry, from "version needed" to the name's length. */
function facts(entry: Entry): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(VERSION_NEEDED, 0);
  fields.writeUInt16LE(UTF8_NAMES, 2);
  fields.writeUInt16LE(DEFLATED, 4);
  fields.writeUInt16LE(DATE, 8);
  fields.writeUInt32LE(entry.crc, 10);
  fields.writeUInt32LE(entry.compressed, 14);
  fields.writeUInt32LE(entry.size, 18);
  fields.writeUInt16LE(entry.name.length, 22);
  return fields;
}

function localHeader(entry: Entry): Buffer {
  const signature = Buffer.alloc(4);
  signature.writeUInt32LE(LOCAL_HEADER);
  return Buffer.concat([signature, facts(entry), Buffer.alloc(2), entry.name]);
}

function centralHeader(entry: Entry): Buffer {
  const start = Buffer.alloc(6);
  start.writeUInt32LE(CENTRAL_HEADER, 0);
  start.writeUInt16LE(MADE_ON_UNIX, 4);
  // Lengths of extra field and comment, disk, internal attributes; then the mode, then the place.
  const rest = Buffer.alloc(16);
  rest.writeUInt32LE(((REGULAR_FILE | entry.mode) << 16) >>> 0, 8);
  rest.writeUInt32LE(entry.offset, 12);
  return Buffer.concat([start, facts(entry), rest, entry.name]);
}

function endOfDirectory(entries: number, size: number, start: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(END_OF_DIRECTORY, 0);
  record.writeUInt16LE(entries, 8);
  record.writeUInt16LE(entries, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(start, 16);
  return record;
}

/** Beyond these limits a zip needs Zip64, which no runtime comes near. */
function verifyLimit(file: ArchiveFile, ...values: readonly number[]): void {
  if (values.every((value) => value <= LIMIT)) return;
  throw new CodexRuntimeError('INSTALL_FAILED', `${file.path} would exceed the 4 GiB of a wheel.`, {
    fields: { path: file.path, limit: LIMIT },
  });
}
