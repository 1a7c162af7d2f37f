import type { Entry, LocalFileHeader, ZipFile } from 'yauzl';
import type { Member } from './member.ts';
import type { Refuse } from './refusal.ts';

const STORED = 0;
const DEFLATED = 8;
const UNIX = 3;
const DARWIN = 19;
/** Flags that change what the data is: encryption of three kinds, and a descriptor behind it. */
const MEANING = 0x2049;
const DESCRIPTOR = 0x0008;
/** In the place of a size: the extra field of zip64 has it. */
const IN_ZIP64 = 0xffffffff;
/** Info-ZIP's second name for a member. */
const UNICODE_PATH = 0x7075;

/** A member of the central directory whose local header agrees with it. */
export interface Located extends Omit<Member, 'body'> {
  readonly entry: Entry;
  readonly size: number;
  /** Offsets of its local header, its first byte and the end of its data. */
  readonly start: number;
  readonly data: number;
  readonly end: number;
}

interface Locating {
  readonly zip: ZipFile;
  readonly entry: Entry;
  readonly name: string;
  readonly refuse: Refuse;
}

/**
 * Finds a member's bytes, and refuses one that two readers could see differently.
 * @throws what `refuse` makes
 */
export async function locate({ zip, entry, name, refuse }: Locating): Promise<Located> {
  if (entry.isEncrypted()) throw refuse('encrypted', name);
  if (entry.extraFields.some(({ id }) => id === UNICODE_PATH)) throw refuse('ambiguous', name);
  if (entry.compressionMethod !== STORED && !isDeflated(entry)) {
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

/** Whether a reader of local headers and a reader of the central directory see the same member. */
function agree(local: LocalFileHeader, entry: Entry): boolean {
  const flags = entry.generalPurposeBitFlag;
  if (((local.generalPurposeBitFlag ^ flags) & MEANING) !== 0) return false;
  const later = hasDescriptor(entry) ? 0 : null;
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

export function isDeflated(entry: Entry): boolean {
  return entry.compressionMethod === DEFLATED;
}

/** Whether size and checksum come behind the data, where a writer that streams puts them. */
export function hasDescriptor(entry: Entry): boolean {
  return (entry.generalPurposeBitFlag & DESCRIPTOR) !== 0;
}

/** With `decodeStrings: false` yauzl leaves names as the bytes that they are. */
export function rawName(entry: Entry): Buffer {
  return entry.fileNameRaw;
}
