import { deflateRawSync } from 'node:zlib';
import { type ZipEntry, zip } from './archives.ts';
import type { HostileArchive } from './hostile-archives.ts';

const CODEX: ZipEntry = { name: 'bin/codex', body: 'codex'.repeat(20), mode: 0o100755 };
const ZIP = { format: 'zip' } as const;

function beside(title: string, reason: HostileArchive['reason'], ...more: ZipEntry[]) {
  return { title, reason, pretence: ZIP, archive: zip([CODEX, ...more]) };
}

function broken(title: string, reason: HostileArchive['reason'], archive: Buffer) {
  return { title, reason, pretence: ZIP, archive };
}

/** An extra field as zip keeps it: id, length, data. */
function extra(id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

/** A zip64 end record and its locator, which points to `offset`. */
function zip64End(offset: bigint): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(1n, 32);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(offset, 8);
  return Buffer.concat([record, locator]);
}

const WHOLE = zip([CODEX]);
const X = { name: 'bin/x', body: 'evil evil evil evil' };
/** A member as its local header and data alone, without a directory. */
const HIDDEN = zip([{ name: '../../evil', body: 'evil', deflate: false }]).subarray(0, 44);
const QUOTED = zip([{ ...X, deflate: false }]).subarray(0, 54);

/** Zips that are hostile by their structure or members. */
export const HOSTILE_ZIPS: readonly HostileArchive[] = [
  beside('a symbolic link', 'hard-or-symbolic-link', { ...X, mode: 0o120777 }),
  beside('a link named like a directory', 'hard-or-symbolic-link', {
    ...X,
    name: 'x/',
    mode: 0o120777,
  }),
  beside('a FIFO', 'special-file', { ...X, mode: 0o010644 }),
  beside('a character device', 'special-file', { ...X, mode: 0o020644 }),
  beside('a block device', 'special-file', { ...X, mode: 0o060644 }),
  beside('a socket', 'special-file', { ...X, mode: 0o140644 }),
  beside('setuid', 'special-mode', { ...X, mode: 0o104755 }),
  beside('setgid', 'special-mode', { ...X, mode: 0o102755 }),
  beside('sticky', 'special-mode', { ...X, mode: 0o101755 }),
  beside('a file that says directory', 'ambiguous', { ...X, mode: 0o040755 }),
  beside('a directory that says file', 'ambiguous', { name: 'codex-path/', mode: 0o100755 }),
  beside('a directory with a body', 'ambiguous', { name: 'codex-path/', body: 'x' }),
  beside('an encrypted member', 'encrypted', { ...X, flags: 1 }),
  beside('strong encryption', 'corrupt', { ...X, flags: 0x41 }),
  beside('an unknown method', 'unsupported-feature', { ...X, method: 12 }),
  beside('zstd as method', 'unsupported-feature', { ...X, method: 93 }),
  beside('another name in the local header', 'ambiguous', { ...X, localName: 'bin/y' }),
  beside('a climbing name in the local header', 'ambiguous', { ...X, localName: '../..' }),
  beside('a second, Unicode name', 'ambiguous', {
    ...X,
    extra: extra(0x7075, Buffer.from('\x01aaaabin/y')),
  }),
  beside('a name that is not UTF-8', 'malformed-name', {
    ...X,
    name: Buffer.from('bin/\xe4', 'latin1'),
  }),
  beside('another CRC in the local header', 'ambiguous', { ...X, local: { crc: 1 } }),
  beside('another size in the local header', 'ambiguous', { ...X, local: { size: 5 } }),
  beside('another compressed size in the local header', 'ambiguous', {
    ...X,
    local: { compressedSize: 4 },
  }),
  beside('no sizes in the local header', 'ambiguous', {
    ...X,
    local: { crc: 0, size: 0, compressedSize: 0 },
  }),
  beside('another method in the local header', 'ambiguous', { ...X, local: { method: 0 } }),
  beside('data that reaches into the directory', 'ambiguous', {
    ...X,
    deflate: false,
    size: X.body.length + 9,
    compressedSize: X.body.length + 9,
  }),
  beside('encrypted by the local header', 'ambiguous', { ...X, local: { flags: 1 } }),
  beside('a descriptor by the local header alone', 'ambiguous', { ...X, local: { flags: 8 } }),
  beside('a member before the directory that it leaves out', 'ambiguous', { ...X, behind: HIDDEN }),
  beside(
    'a member between others that the directory leaves out',
    'ambiguous',
    { ...X, behind: HIDDEN },
    { ...X, name: 'bin/y' },
  ),
  beside(
    'a member behind a descriptor that the directory leaves out',
    'ambiguous',
    { ...X, flags: 8, behind: HIDDEN },
    { ...X, name: 'bin/y' },
  ),
  broken(
    'a member in front that the directory leaves out',
    'ambiguous',
    zip([{ ...CODEX, offset: HIDDEN.length }], { front: HIDDEN }),
  ),
  broken(
    'a member inside the bytes of another',
    'ambiguous',
    zip([
      { name: 'bin/codex', body: QUOTED, deflate: false },
      { ...X, deflate: false, unwritten: true, offset: 39 },
    ]),
  ),
  beside('an empty name', 'malformed-name', { ...X, name: '' }),
  beside('a wrong CRC', 'corrupt', { ...X, crc: 1 }),
  beside('a wrong CRC of a stored member', 'corrupt', { ...X, crc: 1, deflate: false }),
  beside('more bytes than announced', 'ambiguous', { ...X, size: 5 }),
  beside('fewer bytes than announced', 'truncated', { ...X, size: 500 }),
  beside('stored with two sizes', 'corrupt', { ...X, deflate: false, size: 5 }),
  beside('fewer compressed bytes than it needs', 'truncated', {
    ...X,
    body: deflateRawSync(X.body).subarray(0, 4),
    deflate: false,
    method: 8,
    size: X.body.length,
  }),
  beside('data that is not deflated', 'corrupt', { ...X, deflate: false, method: 8 }),
  beside('data past the end of the file', 'corrupt', { ...X, compressedSize: 1_000_000 }),
  beside('a local header past the end', 'corrupt', { ...X, offset: 1_000_000 }),
  beside('a local header inside another member', 'ambiguous', {
    ...CODEX,
    name: 'bin/codex',
    offset: 0,
  }),
  beside('two members in the same bytes', 'ambiguous', { ...CODEX, offset: 0 }),
  beside('a broken extra field', 'corrupt', { ...X, extra: Buffer.from([1, 0, 99, 0]) }),
  beside('an absurd announced size', 'too-many-bytes', { ...X, size: 0xfffffff0 }),
  broken('nothing', 'corrupt', Buffer.alloc(0)),
  broken('text', 'corrupt', Buffer.from('<html>not a zip</html>'.repeat(50))),
  broken('a zip without its end record', 'corrupt', WHOLE.subarray(0, -22)),
  broken('a zip cut in its end record', 'corrupt', WHOLE.subarray(0, -4)),
  broken('a zip cut in its directory', 'corrupt', WHOLE.subarray(0, -40)),
  broken('bytes after the end record', 'corrupt', Buffer.concat([WHOLE, Buffer.from('x')])),
  broken(
    'an end record in the comment',
    'corrupt',
    zip([CODEX], { comment: `PK\x05\x06${'x'.repeat(30)}` }),
  ),
  broken('a directory past the end', 'corrupt', zip([CODEX], { directoryOffset: 1_000_000 })),
  broken('more members than there are', 'corrupt', zip([CODEX], { entries: 9 })),
  broken(
    'a zip64 record at an absurd place',
    'corrupt',
    zip([CODEX], { beforeEnd: zip64End(2n ** 63n) }),
  ),
  broken(
    'a zip64 record past the end',
    'corrupt',
    zip([CODEX], { beforeEnd: zip64End(10n ** 9n) }),
  ),
  broken(
    'a gzip instead of a zip',
    'corrupt',
    Buffer.from('1f8b08000000000000030300000000000000000000000000', 'hex'),
  ),
  {
    ...broken(
      'more members than allowed',
      'too-many-members',
      zip([CODEX, X, { ...X, name: 'bin/y' }]),
    ),
    limits: { entries: 2 },
  },
  { ...broken('more bytes than allowed', 'too-many-bytes', WHOLE), limits: { totalBytes: 99 } },
  {
    ...broken(
      'more members announced than allowed',
      'too-many-members',
      zip([CODEX], { entries: 9 }),
    ),
    limits: { entries: 8 },
  },
];
