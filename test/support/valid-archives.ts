import { gzipSync } from 'node:zlib';
import { create } from 'tar';
import { longName, pax, type TarEntry, tar, type ZipEntry, zip } from './archives.ts';
import type { Pretence } from './extract-request.ts';

/** An archive that must be taken, and the tree that it must become. */
export interface ValidArchive {
  readonly title: string;
  readonly archive: Buffer;
  readonly pretence: Pretence;
  /** `path:mode`, sorted. */
  readonly tree: readonly string[];
}

const BODY = Buffer.from('codex '.repeat(5_000));
const TREE_FILES: readonly TarEntry[] = [
  { name: 'codex-package.json', body: '{}' },
  { name: 'bin/codex', body: BODY, mode: 0o755 },
  { name: 'codex-path/rg', body: 'rg', mode: 0o755 },
  { name: 'codex-resources/voice/manifest.json', body: '{}' },
  { name: 'codex-resources/voice/lib/libz.so.1', body: 'elf', mode: 0o755 },
];
const TREE_DIRECTORIES = ['bin/', 'codex-path/', 'codex-resources/', 'codex-resources/voice/'];
const TREE = [
  'bin/codex:755',
  'codex-package.json:644',
  'codex-path/rg:755',
  'codex-resources/voice/lib/libz.so.1:755',
  'codex-resources/voice/manifest.json:644',
];

function directories(prefix = ''): TarEntry[] {
  return TREE_DIRECTORIES.map((name) => ({ name: prefix + name, type: '5', mode: 0o755 }));
}

function renamed(prefix: string, entries = TREE_FILES): TarEntry[] {
  return entries.map((entry) => ({ ...entry, name: `${prefix}${entry.name}` }));
}

function tree(title: string, archive: Buffer, more: readonly string[] = []): ValidArchive {
  return { title, archive, pretence: {}, tree: [...TREE, ...more].toSorted() };
}

const plain = tar(TREE_FILES);
const half = Math.floor(plain.length / 2);

const TREES: readonly ValidArchive[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) =>
    tree(`gzip level ${level}`, gzipSync(plain, { level })),
  ),
  ...[1, 511, 512, 513, 1025].map((at) =>
    tree(`two gzip members, cut at ${at}`, members(plain, at)),
  ),
  tree('two gzip members, cut in the middle', members(plain, half)),
  tree('an empty gzip member first', Buffer.concat([gzipSync(''), gzipSync(plain)])),
  tree('an empty gzip member last', Buffer.concat([gzipSync(plain), gzipSync('')])),
  tree('zeros after the gzip', Buffer.concat([gzipSync(plain), Buffer.alloc(1_000)])),
  tree('many zeros after the gzip', Buffer.concat([gzipSync(plain), Buffer.alloc(300_000)])),
  tree('a gzip with a file name', withHeaderFields(gzipSync(plain), 0x08, 'codex.tar\0')),
  tree(
    'a gzip with every field',
    withHeaderFields(gzipSync(plain), 0x1f, '\x04\0A\0\0dcodex.tar\0a comment\0\x12\x34'),
  ),
  tree('a gzip with a wrong checksum, which the digest stands for', wrongChecksum(gzipSync(plain))),
  tree('directory entries first', gzipSync(tar([...directories(), ...TREE_FILES]))),
  tree('directory entries last', gzipSync(tar([...TREE_FILES, ...directories()]))),
  tree('names with ./', gzipSync(tar(renamed('./')))),
  tree(
    'everything with ./, and the root',
    gzipSync(tar([{ name: './', type: '5' }, ...directories('./'), ...renamed('./')])),
  ),
  tree('the root as a dot', gzipSync(tar([{ name: '.', type: '5' }, ...TREE_FILES]))),
  tree('files in reverse', gzipSync(tar(TREE_FILES.toReversed()))),
  tree('GNU magic', gzipSync(tar(TREE_FILES.map((entry) => ({ ...entry, magic: 'ustar  \0' }))))),
  tree('no magic', gzipSync(tar(TREE_FILES.map((entry) => ({ ...entry, magic: '' }))))),
  tree(
    'the old type of regular files',
    gzipSync(tar(TREE_FILES.map((entry) => ({ ...entry, type: '\0' })))),
  ),
  tree(
    'pax times and attributes',
    gzipSync(
      tar(
        TREE_FILES.flatMap((entry) => [
          pax({ mtime: '1.5', atime: '2', 'SCHILY.xattr.user.x': 'y' }),
          entry,
        ]),
      ),
    ),
  ),
  tree('a global pax comment', gzipSync(tar([pax({ comment: 'c0ffee' }, 'g'), ...TREE_FILES]))),
  tree(
    'pax paths',
    gzipSync(
      tar(
        TREE_FILES.flatMap((entry) => [pax({ path: String(entry.name) }), { ...entry, name: 'x' }]),
      ),
    ),
  ),
  tree(
    'pax paths and sizes',
    gzipSync(
      tar(
        TREE_FILES.flatMap((entry) => [
          pax({ path: String(entry.name), size: String(Buffer.byteLength(entry.body ?? '')) }),
          entry,
        ]),
      ),
    ),
  ),
  tree(
    'a UTF-8 charset',
    gzipSync(tar([pax({ hdrcharset: 'ISO-IR 10646 2000 UTF-8' }), ...TREE_FILES])),
  ),
  tree(
    'GNU long names',
    gzipSync(
      tar(TREE_FILES.flatMap((entry) => [longName(String(entry.name)), { ...entry, name: 'x' }])),
    ),
  ),
  tree('a ustar prefix', gzipSync(tar(TREE_FILES.map(prefixed)))),
  tree('a base-256 size', gzipSync(tar(TREE_FILES.map(base256)))),
  tree(
    'file types in the mode',
    gzipSync(
      tar(TREE_FILES.map((entry) => ({ ...entry, mode: 0o100000 | Number(entry.mode ?? 0o644) }))),
    ),
  ),
  tree(
    'sizes with spaces',
    gzipSync(
      tar(
        TREE_FILES.map((entry) => ({
          ...entry,
          size: `${Buffer.byteLength(entry.body ?? '')
            .toString(8)
            .padStart(10)} \0`,
        })),
      ),
    ),
  ),
  tree('20 blocks of padding', gzipSync(tar(TREE_FILES, Buffer.alloc(10_240)))),
  tree(
    'an unknown codex- directory',
    gzipSync(tar([...TREE_FILES, { name: 'codex-future/x', body: 'x' }])),
    ['codex-future/x:644'],
  ),
  tree(
    'a licence and a readme, left out',
    gzipSync(
      tar([...TREE_FILES, { name: 'LICENSE', body: 'x' }, { name: 'README.md', body: 'x' }]),
    ),
  ),
  tree('empty files', gzipSync(tar([...TREE_FILES, { name: 'codex-resources/empty' }])), [
    'codex-resources/empty:644',
  ]),
  tree('names beyond ASCII', gzipSync(tar([...TREE_FILES, { name: 'codex-resources/größe' }])), [
    'codex-resources/größe:644',
  ]),
  tree(
    'a path of 255-byte segments',
    gzipSync(
      tar([...TREE_FILES, pax({ path: `codex-resources/${'a'.repeat(255)}` }), { name: 'x' }]),
    ),
    [`codex-resources/${'a'.repeat(255)}:644`],
  ),
  tree(
    'modes without owner write',
    gzipSync(
      tar(
        TREE_FILES.map((entry) => ({ ...entry, mode: entry.mode === undefined ? 0o444 : 0o555 })),
      ),
    ),
  ),
  tree(
    'world-writable modes',
    gzipSync(
      tar(
        TREE_FILES.map((entry) => ({ ...entry, mode: entry.mode === undefined ? 0o666 : 0o777 })),
      ),
    ),
  ),
  tree(
    '1,000 small files',
    gzipSync(tar([...TREE_FILES, ...many(1_000)])),
    many(1_000).map(({ name }) => `${String(name)}:644`),
  ),
];

const NPM: readonly ValidArchive[] = [
  'x86_64-unknown-linux-musl',
  'aarch64-apple-darwin',
  'aarch64-pc-windows-msvc',
].flatMap((target) => {
  const exe = target.includes('windows') ? '.exe' : '';
  const root = `package/vendor/${target}/`;
  const around = [
    { name: 'package/package.json', body: '{}' },
    { name: 'package/README.md', body: '#' },
  ];
  const archive = (files: TarEntry[]) => gzipSync(tar([...files, ...around]));
  const pretence = { layout: 'npm', target, name: 'codex.tgz' } as const;
  const now = renamed(root, [
    { name: `bin/codex${exe}`, body: BODY },
    { name: `codex-path/rg${exe}`, body: 'rg' },
  ]);
  const old = renamed(root, [
    { name: `codex/codex${exe}`, body: BODY },
    { name: `path/rg${exe}`, body: 'rg' },
    { name: `codex/helper${exe}`, body: 'x', mode: 0o755 },
  ]);
  const both = [`bin/codex${exe}:755`, `codex-path/rg${exe}:755`];
  return [
    { title: `npm, new, ${target}`, archive: archive(now), pretence, tree: both },
    {
      title: `npm, old, ${target}`,
      archive: archive(old),
      pretence,
      tree: [...both, `codex-resources/helper${exe}:755`],
    },
  ];
});

const WIN = { format: 'zip', layout: 'bare', target: 'win32-x64' } as const;
const EXE: ZipEntry = { name: 'codex-x86_64-pc-windows-msvc.exe', body: BODY };
const HELPERS: readonly ZipEntry[] = [
  { name: 'codex-command-runner.exe', body: 'runner' },
  { name: 'codex-windows-sandbox-setup.exe', body: 'setup' },
];
const HELPED = [
  'bin/codex.exe:755',
  'codex-resources/codex-command-runner.exe:755',
  'codex-resources/codex-windows-sandbox-setup.exe:755',
];
const ONE = ['bin/codex.exe:755'];
const ZIPS: readonly ValidArchive[] = [
  { title: 'zip of the exe alone', archive: zip([EXE]), pretence: WIN, tree: ONE },
  { title: 'zip with helpers', archive: zip([EXE, ...HELPERS]), pretence: WIN, tree: HELPED },
  { title: 'zip with helpers first', archive: zip([...HELPERS, EXE]), pretence: WIN, tree: HELPED },
  { title: 'zip, stored', archive: zip([{ ...EXE, deflate: false }]), pretence: WIN, tree: ONE },
  {
    title: 'zip with a comment',
    archive: zip([EXE], { comment: 'built somewhere' }),
    pretence: WIN,
    tree: ONE,
  },
  { title: 'zip from Unix', archive: zip([{ ...EXE, mode: 0o100644 }]), pretence: WIN, tree: ONE },
  ...[12, 16, 24].map((bytes) => ({
    title: `zip as streams are written, with a descriptor of ${bytes} bytes`,
    archive: zip(
      [EXE, ...HELPERS].map((entry) => ({
        ...entry,
        flags: 8,
        local: { crc: 0, size: 0, compressedSize: 0 },
        behind: Buffer.alloc(bytes, 1),
      })),
    ),
    pretence: WIN,
    tree: HELPED,
  })),
  {
    title: 'zip with a descriptor and sizes before it too',
    archive: zip([{ ...EXE, flags: 8, behind: Buffer.alloc(16, 1) }]),
    pretence: WIN,
    tree: ONE,
  },
  {
    title: 'zip whose local sizes are in zip64',
    archive: zip([{ ...EXE, local: { size: 0xffffffff, compressedSize: 0xffffffff } }]),
    pretence: WIN,
    tree: ONE,
  },
  {
    title: 'zip with the UTF-8 flag',
    archive: zip([{ ...EXE, flags: 0x800 }]),
    pretence: WIN,
    tree: ONE,
  },
  {
    title: 'zip with a tree and directories',
    archive: zip([{ name: 'bin/' }, { name: 'bin/codex.exe', body: BODY }]),
    pretence: { ...WIN, layout: 'tree' },
    tree: ONE,
  },
];

const BARE: readonly ValidArchive[] = [
  'x86_64-unknown-linux-musl',
  'aarch64-unknown-linux-musl',
  'x86_64-apple-darwin',
  'aarch64-apple-darwin',
].map((target) => ({
  title: `bare, ${target}`,
  archive: gzipSync(tar([{ name: `codex-${target}`, body: BODY, mode: 0o755 }])),
  pretence: { layout: 'bare', target },
  tree: ['bin/codex:755'],
}));

export const VALID_ARCHIVES: readonly ValidArchive[] = [...TREES, ...NPM, ...ZIPS, ...BARE];

/** What node-tar makes of a directory: a writer that is not ours. */
export async function writtenByNodeTar(cwd: string, portable: boolean): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of create({ cwd, gzip: true, portable }, ['.'])) parts.push(part);
  return Buffer.concat(parts);
}

function many(count: number): TarEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `codex-resources/many/${String(i).padStart(4, '0')}`,
    body: 'x'.repeat(i % 700),
  }));
}

function members(bytes: Buffer, at: number): Buffer {
  return Buffer.concat([gzipSync(bytes.subarray(0, at)), gzipSync(bytes.subarray(at))]);
}

/** A gzip with optional fields in its header, as RFC 1952 orders them. */
export function withHeaderFields(gzip: Buffer, flags: number, fields: string): Buffer {
  const head = Buffer.from(gzip.subarray(0, 10));
  head.writeUInt8(flags, 3);
  return Buffer.concat([head, Buffer.from(fields, 'latin1'), gzip.subarray(10)]);
}

function wrongChecksum(gzip: Buffer): Buffer {
  const copy = Buffer.from(gzip);
  copy.writeUInt8(copy.readUInt8(copy.length - 8) ^ 1, copy.length - 8);
  return copy;
}

function prefixed(entry: TarEntry): TarEntry {
  const [name, ...parents] = String(entry.name).split('/').toReversed();
  return { ...entry, name: name ?? '', prefix: parents.toReversed().join('/') };
}

function base256(entry: TarEntry): TarEntry {
  const size = Buffer.alloc(12);
  size.writeUIntBE(Buffer.byteLength(entry.body ?? ''), 6, 6);
  size.writeUInt8(0x80, 0);
  return { ...entry, patch: { 124: size.toString('latin1') } };
}
