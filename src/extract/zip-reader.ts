import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type LocalFileHeader, type ZipFile } from 'yauzl';
import { throwIfAborted } from '../abort.ts';
import { diskError } from '../disk/disk-error.ts';
import { ArchiveInput } from './archive-input.ts';
import { decodeUtf8 } from './byte-checks.ts';
import { openInflateRaw } from './engines.ts';
import type { ExtractLimits } from './extract.ts';
import { inflate } from './inflate.ts';
import type { Member } from './member.ts';
import type { Refuse } from './refusal.ts';
import { ZipFileReader } from './zip-file.ts';

const STORED = 0;
const DEFLATED = 8;
const UNIX = 3;
const DARWIN = 19;
/** Flags that change what the data is: encryption of three kinds, and a descriptor behind it. */
const MEANING = 0x2049;
const DESCRIPTOR = 0x0008;
const DESCRIPTOR_BYTES = 24;
/** In the place of a size: the extra field of zip64 has it. */
const IN_ZIP64 = 0xffffffff;
/** Info-ZIP's second name for a member. */
const UNICODE_PATH = 0x7075;

export interface ZipRequest {
  readonly path: string;
  readonly limits: ExtractLimits;
  readonly refuse: Refuse;
  readonly signal: AbortSignal | undefined;
}

/** A member of the central directory whose local header agrees with it. */
interface Located extends Omit<Member, 'body'> {
  readonly entry: Entry;
  readonly size: number;
  /** Offsets of its local header, its first byte and the end of its data. */
  readonly start: number;
  readonly data: number;
  readonly end: number;
}

/** The members of a zip file. The whole directory is checked before the first byte is inflated. */
export async function* readZip(request: ZipRequest): AsyncGenerator<Member> {
  const { path, refuse } = request;
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw diskError(error, 'read the downloaded archive', path);
  });
  try {
    const { size } = await handle.stat();
    const reader = new ZipFileReader(handle);
    const zip = await openZip(reader, size, refuse);
    for (const member of await locateAll(zip, request)) {
      yield { ...member, body: bodyOf(reader, member, request) };
    }
  } finally {
    await handle.close();
  }
}

function openZip(reader: ZipFileReader, size: number, refuse: Refuse): Promise<ZipFile> {
  const options = { autoClose: false, decodeStrings: false, lazyEntries: true };
  return new Promise((resolve, reject) => {
    yauzl.fromRandomAccessReader(reader, size, options, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(refuse('corrupt', null, error));
    });
  });
}

async function locateAll(zip: ZipFile, { limits, refuse }: ZipRequest): Promise<Located[]> {
  if (zip.entryCount > limits.entries) throw refuse('too-many-members', null);
  const directory = Number(zip.readEntryCursor);
  const members: Located[] = [];
  for await (const entry of entriesOf(zip, refuse)) {
    const name = decodeUtf8(rawName(entry));
    if (name === undefined) throw refuse('malformed-name', rawName(entry).toString('latin1'));
    members.push(await locate({ zip, entry, name, refuse }));
  }
  expectNoGaps(members, directory, refuse);
  return members;
}

/**
 * Members that share bytes are how a small archive becomes petabytes; bytes between them are where
 * a member hides that only readers of local headers see.
 */
function expectNoGaps(members: readonly Located[], directory: number, refuse: Refuse): void {
  let [end, slack] = [0, 0];
  for (const member of members.toSorted((a, b) => a.start - b.start)) {
    if (member.start < end || member.start > end + slack) throw refuse('ambiguous', member.name);
    end = member.end;
    slack = (member.entry.generalPurposeBitFlag & DESCRIPTOR) === 0 ? 0 : DESCRIPTOR_BYTES;
  }
  if (directory < end || directory > end + slack) throw refuse('ambiguous', null);
}

async function* entriesOf(zip: ZipFile, refuse: Refuse): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    throw refuse('corrupt', null, error);
  }
}

interface Locating {
  readonly zip: ZipFile;
  readonly entry: Entry;
  readonly name: string;
  readonly refuse: Refuse;
}

async function locate({ zip, entry, name, refuse }: Locating): Promise<Located> {
  if (entry.isEncrypted()) throw refuse('encrypted', name);
  if (entry.extraFields.some(({ id }) => id === UNICODE_PATH)) throw refuse('ambiguous', name);
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw refuse('unsupported-feature', name);
  }
  const kind = name.endsWith('/') ? 'directory' : 'file';
  const mode = unixMode(entry);
  verifyMode({ mode, kind, name, refuse });
  if (kind === 'directory' && entry.uncompressedSize !== 0) throw refuse('ambiguous', name);
  const local = await zip.readLocalFileHeaderPromise(entry).catch((error: unknown) => {
    throw refuse('corrupt', name, error);
  });
  if (!agree(local, entry)) throw refuse('ambiguous', name);
  return {
    entry,
    name,
    kind,
    size: entry.uncompressedSize,
    executable: (mode & 0o111) !== 0,
    start: entry.relativeOffsetOfLocalHeader,
    data: local.fileDataStart,
    end: local.fileDataStart + entry.compressedSize,
  };
}

/** Whether a reader that believes local headers sees the same member as one that believes the directory. */
function agree(local: LocalFileHeader, entry: Entry): boolean {
  const flags = entry.generalPurposeBitFlag;
  if (((local.generalPurposeBitFlag ^ flags) & MEANING) !== 0) return false;
  const later = (flags & DESCRIPTOR) !== 0 ? 0 : null;
  const sizes = [
    [local.compressedSize, entry.compressedSize],
    [local.uncompressedSize, entry.uncompressedSize],
  ] as const;
  return (
    local.fileName.equals(rawName(entry)) &&
    local.compressionMethod === entry.compressionMethod &&
    (local.crc32 === entry.crc32 || local.crc32 === later) &&
    sizes.every(([here, there]) => here === there || here === later || here === IN_ZIP64)
  );
}

/** The mode that a Unix archiver stored, 0 where another system made the archive. */
function unixMode(entry: Entry): number {
  const system = entry.versionMadeBy >>> 8;
  return system === UNIX || system === DARWIN ? entry.externalFileAttributes >>> 16 : 0;
}

interface MemberMode {
  readonly mode: number;
  readonly kind: Member['kind'];
  readonly name: string;
  readonly refuse: Refuse;
}

function verifyMode({ mode, kind, name, refuse }: MemberMode): void {
  const type = mode & 0o170000;
  if (type === 0o120000) throw refuse('hard-or-symbolic-link', name);
  const isFile = type === 0 || type === 0o100000;
  const isDirectory = type === 0 || type === 0o040000;
  if (!isFile && !isDirectory) throw refuse('special-file', name);
  if (!(kind === 'file' ? isFile : isDirectory)) throw refuse('ambiguous', name);
  if ((mode & 0o7000) !== 0) throw refuse('special-mode', name);
}

/** A member's bytes: as many as announced, with the announced CRC-32. */
async function* bodyOf(
  reader: ZipFileReader,
  member: Located,
  { limits, refuse, signal }: ZipRequest,
): AsyncGenerator<Buffer> {
  const stored = reader.stream(member.data, member.end);
  const inflated =
    member.entry.compressionMethod === DEFLATED
      ? inflate({ input: new ArchiveInput(stored, signal), open: openInflateRaw, limits, refuse })
      : stored;
  let crc = 0;
  let size = 0;
  for await (const chunk of inflated) {
    throwIfAborted(signal);
    size += chunk.length;
    if (size > member.size) throw refuse('ambiguous', member.name);
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (size < member.size) throw refuse('truncated', member.name);
  if (crc !== member.entry.crc32) throw refuse('corrupt', member.name);
}

/** With `decodeStrings: false` yauzl leaves names as the bytes that they are. */
function rawName(entry: Entry): Buffer {
  return entry.fileNameRaw;
}
