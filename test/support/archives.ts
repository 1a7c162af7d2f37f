import { crc32, deflateRawSync } from 'node:zlib';

const BLOCK = 512;

/** One tar member, written as told: nothing is checked, so that hostile ones can be made. */
export interface TarEntry {
  readonly name: string | Buffer;
  readonly body?: Buffer | string;
  /** Default `0`, a regular file. */
  readonly type?: string;
  /** Default 0o644. */
  readonly mode?: number | string;
  readonly link?: string;
  /** Default the body's length. */
  readonly size?: number | string;
  readonly prefix?: string;
  /** Default POSIX `ustar\0` `00`. */
  readonly magic?: string;
  /** Bytes written over the finished header before the checksum is taken. */
  readonly patch?: Readonly<Record<number, string>>;
  /** Default the right one. */
  readonly checksum?: string;
}

export function tarHeader(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (value: string | Buffer, offset: number) =>
    Buffer.isBuffer(value) ? value.copy(block, offset) : block.write(value, offset);
  const size = entry.size ?? Buffer.byteLength(entry.body ?? '');
  put(entry.name, 0);
  put(typeof entry.mode === 'string' ? entry.mode : `${octal(entry.mode ?? 0o644, 7)}\0`, 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(typeof size === 'string' ? size : `${octal(size, 11)}\0`, 124);
  put('00000000000\0', 136);
  put(entry.type ?? '0', 156);
  put(entry.link ?? '', 157);
  put(entry.magic ?? 'ustar\u000000', 257);
  put(entry.prefix ?? '', 345);
  for (const [offset, text] of Object.entries(entry.patch ?? {})) {
    block.write(text, Number(offset), 'latin1');
  }
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(entry.checksum ?? `${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

export function tarEntry(entry: TarEntry): Buffer {
  const body = Buffer.from(entry.body ?? '');
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return Buffer.concat([tarHeader(entry), body, padding]);
}

/** Members and the two zero blocks that end an archive. */
export function tar(
  entries: readonly (TarEntry | Buffer)[],
  end = Buffer.alloc(2 * BLOCK),
): Buffer {
  const parts = entries.map((entry) => (Buffer.isBuffer(entry) ? entry : tarEntry(entry)));
  return Buffer.concat([...parts, end]);
}

/** A pax extended header (`x`, or `g` for a global one) with the given records. */
export function pax(records: Readonly<Record<string, string>> | string, type = 'x'): Buffer {
  const body =
    typeof records === 'string'
      ? records
      : Object.entries(records)
          .map(([key, value]) => paxRecord(key, value))
          .join('');
  return tarEntry({ name: 'PaxHeader', type, body });
}

export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + 1;
  while (String(length).length + bytes !== length) length += 1;
  return `${length}${rest}`;
}

/** A GNU long-name header. */
export function longName(name: string): Buffer {
  return tarEntry({ name: '././@LongLink', type: 'L', body: `${name}\0`, magic: 'ustar  \0' });
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** One zip member, written as told. */
export interface ZipEntry {
  readonly name: string | Buffer;
  readonly body?: Buffer | string;
  /** Stored when false; default deflated. */
  readonly deflate?: boolean;
  /** Unix mode with file type; default none, as archivers on Windows leave it. */
  readonly mode?: number;
  /** Name in the local header where it differs. */
  readonly localName?: string;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  /** Offset of the local header, where the directory is to lie. */
  readonly offset?: number;
  readonly extra?: Buffer;
  /** What the local header says where it differs. */
  readonly local?: Pick<ZipEntry, 'method' | 'flags' | 'crc' | 'size' | 'compressedSize'>;
  /** Bytes between this member's data and what follows. */
  readonly behind?: Buffer;
  /** In the directory alone: the bytes at `offset` are written by another member. */
  readonly unwritten?: boolean;
}

export interface ZipOptions {
  readonly entries?: number;
  readonly directoryOffset?: number;
  readonly comment?: string;
  /** Bytes before the first member. */
  readonly front?: Buffer;
  /** Bytes between the directory and the end record. */
  readonly beforeEnd?: Buffer;
}

export function zip(entries: readonly ZipEntry[], options: ZipOptions = {}): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  const front = options.front ?? Buffer.alloc(0);
  let position = front.length;
  for (const entry of entries) {
    const { local, central } = zipRecords(entry, position);
    locals.push(local);
    directory.push(central);
    position += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(options.entries ?? entries.length, 8);
  end.writeUInt16LE(options.entries ?? entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(options.directoryOffset ?? position, 16);
  const comment = Buffer.from(options.comment ?? '');
  end.writeUInt16LE(comment.length, 20);
  const between = options.beforeEnd ?? Buffer.alloc(0);
  return Buffer.concat([front, ...locals, central, between, end, comment]);
}

function zipRecords(entry: ZipEntry, position: number): { local: Buffer; central: Buffer } {
  const body = Buffer.from(entry.body ?? '');
  const data = entry.deflate === false ? body : deflateRawSync(body);
  const name = Buffer.from(entry.name);
  const localName = Buffer.from(entry.localName ?? name);
  const sharedBy = (header: NonNullable<ZipEntry['local']>) => {
    const { method, flags, crc, size, compressedSize } = header;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags ?? 0, 2);
    fields.writeUInt16LE(method ?? (entry.deflate === false ? 0 : 8), 4);
    fields.writeUInt32LE(crc ?? crc32(body), 10);
    fields.writeUInt32LE(compressedSize ?? data.length, 14);
    fields.writeUInt32LE(size ?? body.length, 18);
    return fields;
  };
  const shared = sharedBy(entry);
  const extra = entry.extra ?? Buffer.alloc(0);
  const localShared = sharedBy({ ...entry, ...entry.local });
  localShared.writeUInt16LE(localName.length, 22);
  const head = Buffer.concat([Buffer.from('PK\x03\x04'), localShared, localName]);
  const written = Buffer.concat([head, data, entry.behind ?? Buffer.alloc(0)]);
  const local = entry.unwritten === true ? Buffer.alloc(0) : written;
  shared.writeUInt16LE(name.length, 22);
  shared.writeUInt16LE(extra.length, 24);
  const made = Buffer.from([20, entry.mode === undefined ? 0 : 3]);
  const attributes = Buffer.alloc(14);
  attributes.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6);
  attributes.writeUInt32LE(entry.offset ?? position, 10);
  const fixed = Buffer.concat([Buffer.from('PK\x01\x02'), made, shared, attributes]);
  return { local, central: Buffer.concat([fixed, name, extra]) };
}
