import type { ExtractLimits, RefusalReason } from '../../src/extract/index.ts';
import { longName, pax, paxRecord, type TarEntry, tar, tarEntry, tarHeader } from './archives.ts';
import type { Pretence } from './extract-request.ts';

/** An archive that must be refused. Tars are here as they are, to be compressed by who uses them. */
export interface HostileArchive {
  readonly title: string;
  readonly archive: Buffer;
  /** Default a tar.gz with the runtime tree for linux-x64. */
  readonly pretence?: Pretence;
  readonly limits?: Partial<ExtractLimits>;
  readonly reason: RefusalReason;
}

const CODEX: TarEntry = { name: 'bin/codex', body: 'codex', mode: 0o755 };
const TRIPLE = 'x86_64-unknown-linux-musl';

/** `bin/codex` and one more member. */
function beside(title: string, reason: RefusalReason, ...more: (TarEntry | Buffer)[]) {
  return { title, reason, archive: tar([CODEX, ...more]) };
}

function typed(type: string, reason: RefusalReason, extra: Partial<TarEntry> = {}) {
  const member = { name: 'codex-resources/x', type, ...extra };
  return beside(`a member of type ${JSON.stringify(type)}`, reason, member);
}

const TYPES: readonly HostileArchive[] = [
  typed('1', 'hard-or-symbolic-link', { link: 'bin/codex' }),
  typed('2', 'hard-or-symbolic-link', { link: '/etc/passwd' }),
  typed('2', 'hard-or-symbolic-link', { link: '../../outer' }),
  typed('2', 'hard-or-symbolic-link', { name: 'bin', link: '/' }),
  typed('2', 'hard-or-symbolic-link', { name: 'codex-path/', link: '..' }),
  typed('2', 'hard-or-symbolic-link'),
  typed('3', 'special-file'),
  typed('4', 'special-file'),
  typed('6', 'special-file'),
  typed('7', 'unsupported-feature'),
  typed('S', 'sparse-file'),
  typed('K', 'unsupported-feature', { body: '/etc/passwd\0' }),
  typed('A', 'unsupported-feature'),
  typed('D', 'unsupported-feature'),
  typed('I', 'unsupported-feature'),
  typed('M', 'unsupported-feature'),
  typed('N', 'unsupported-feature'),
  typed('V', 'unsupported-feature'),
  typed('X', 'unsupported-feature'),
  typed('Z', 'unsupported-feature'),
  typed('\u0001', 'unsupported-feature'),
];

const MODES: readonly HostileArchive[] = [
  ...[0o4755, 0o2755, 0o1755, 0o7777, 0o4644].map((mode) =>
    beside(`mode ${mode.toString(8)}`, 'special-mode', { name: 'bin/x', mode }),
  ),
  beside('a setgid directory', 'special-mode', { name: 'codex-path/', type: '5', mode: 0o2755 }),
  beside('a sticky directory', 'special-mode', { name: 'codex-path/', type: '5', mode: 0o1777 }),
  beside('a file whose mode says link', 'ambiguous', { name: 'bin/x', mode: 0o120777 }),
  beside('a file whose mode says directory', 'ambiguous', { name: 'bin/x', mode: 0o040755 }),
  beside('a file whose mode says device', 'ambiguous', { name: 'bin/x', mode: 0o020644 }),
];

const HEADERS: readonly HostileArchive[] = [
  beside('a wrong checksum', 'corrupt', { name: 'bin/x', checksum: '0001234\0' }),
  beside('no checksum', 'corrupt', { name: 'bin/x', checksum: '        ' }),
  beside('a strange magic', 'corrupt', { name: 'bin/x', magic: 'ustax\u000000' }),
  beside('a size that is no number', 'corrupt', { name: 'bin/x', size: 'abc\0' }),
  beside('a negative size', 'corrupt', { name: 'bin/x', size: '-0000000001\0' }),
  beside('a negative base-256 size', 'corrupt', {
    name: 'bin/x',
    patch: { 124: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' },
  }),
  beside('a base-256 size whose highest bits are far away', 'corrupt', {
    name: 'bin/x',
    patch: { 124: '\x81\0\0\0\0\0\0\0\0\0\0\0' },
  }),
  beside('an absurd base-256 size', 'corrupt', {
    name: 'bin/x',
    patch: { 124: '\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' },
  }),
  beside('a mode that is no number', 'corrupt', { name: 'bin/x', mode: '9999999\0' }),
  beside('a size with two numbers', 'corrupt', { name: 'bin/x', size: '1\x002\0' }),
  beside('a directory with a body', 'ambiguous', { name: 'codex-path/', type: '5', body: 'x' }),
  beside('a link name on a file', 'ambiguous', { name: 'bin/x', link: '/etc/passwd' }),
  beside('a name after the NUL', 'control-character', { name: 'bin/x\0/../../evil' }),
  beside('a prefix after the NUL', 'control-character', { name: 'x', prefix: 'bin\0..' }),
  beside('a prefix that climbs', 'traversal', { name: 'evil', prefix: '../..' }),
  beside('a prefix that is absolute', 'absolute-path', { name: 'passwd', prefix: '/etc' }),
  beside('a name that is not UTF-8', 'malformed-name', { name: Buffer.from('bin/\xe4', 'latin1') }),
  beside('a file with a closing slash', 'malformed-name', { name: 'bin/x/' }),
  beside('an empty name', 'malformed-name', { name: '' }),
  beside(
    'a directory twice',
    'duplicate-name',
    { name: 'bin/', type: '5' },
    { name: 'bin', type: '5' },
  ),
  beside('a directory over a file', 'file-directory-clash', { name: 'bin/codex/', type: '5' }),
  beside(
    'one name in two normal forms',
    'colliding-names',
    { name: 'bin/\u00e4' },
    { name: 'bin/a\u0308' },
  ),
  beside('sharp s and ss', 'colliding-names', { name: 'bin/\u00df' }, { name: 'bin/SS' }),
  beside('the Kelvin sign and k', 'colliding-names', { name: 'bin/\u212a' }, { name: 'bin/k' }),
];

const PAX: readonly HostileArchive[] = [
  beside('a pax link path', 'hard-or-symbolic-link', pax({ linkpath: '/etc' }), { name: 'bin/x' }),
  beside('a pax sparse map', 'sparse-file', pax({ 'GNU.sparse.major': '1' }), { name: 'bin/x' }),
  beside('an old pax sparse name', 'sparse-file', pax({ 'GNU.sparse.name': 'x' }), {
    name: 'bin/x',
  }),
  beside('a star real size', 'sparse-file', pax({ 'SCHILY.realsize': '9' }), { name: 'bin/x' }),
  beside('a Solaris map of holes', 'sparse-file', pax({ 'SUN.holesdata': ' 0 9 ' }), {
    name: 'bin/x',
  }),
  beside('a pax binary charset', 'unsupported-feature', pax({ hdrcharset: 'BINARY' }), {
    name: 'bin/x',
  }),
  beside('a global path', 'ambiguous', pax({ path: 'bin/y' }, 'g'), { name: 'bin/x' }),
  beside('a global size', 'ambiguous', pax({ size: '5' }, 'g'), { name: 'bin/x' }),
  beside(
    'two pax headers with a path',
    'ambiguous',
    pax({ path: 'bin/y' }),
    pax({ path: 'bin/z' }),
    { name: 'bin/x' },
  ),
  beside('a pax path and a long name', 'ambiguous', pax({ path: 'bin/y' }), longName('bin/z'), {
    name: 'bin/x',
  }),
  beside('two long names', 'ambiguous', longName('bin/y'), longName('bin/z'), { name: 'bin/x' }),
  beside(
    'a path twice in one pax header',
    'ambiguous',
    pax(paxRecord('path', 'bin/y') + paxRecord('path', 'bin/z')),
    { name: 'bin/x' },
  ),
  beside(
    'a size twice in one pax header',
    'ambiguous',
    pax(paxRecord('size', '0') + paxRecord('size', '1')),
    { name: 'bin/x' },
  ),
  beside('a pax size that is no number', 'corrupt', pax({ size: '1e3' }), { name: 'bin/x' }),
  beside('a negative pax size', 'corrupt', pax({ size: '-1' }), { name: 'bin/x' }),
  beside('an empty pax path', 'malformed-name', pax({ path: '' }), { name: 'bin/x' }),
  beside('a NUL in a pax path', 'control-character', pax({ path: 'bin/y\0z' }), { name: 'bin/x' }),
  beside('a NUL in a long name', 'control-character', longName('bin/y\0z'), { name: 'bin/x' }),
  beside('a pax record without a length', 'corrupt', pax('path=bin/y\n'), { name: 'bin/x' }),
  beside('a pax record that is too long', 'corrupt', pax('99 path=bin/y\n'), { name: 'bin/x' }),
  beside('a pax record that is too short', 'corrupt', pax('5 path=bin/y\n'), { name: 'bin/x' }),
  beside('a pax record of length 0', 'corrupt', pax('0 path=bin/y\n'), { name: 'bin/x' }),
  beside('a pax record without a newline', 'corrupt', pax('13 path=bin/y'), { name: 'bin/x' }),
  beside('a pax record without a key', 'corrupt', pax('7 =abc\n'), { name: 'bin/x' }),
  beside('a pax record without a value', 'corrupt', pax('7 path\n'), { name: 'bin/x' }),
  beside('a pax header with padding', 'corrupt', pax(`${paxRecord('path', 'bin/y')}\0\0`), {
    name: 'bin/x',
  }),
  beside('a pax header for nobody', 'ambiguous', pax({ path: 'bin/y' })),
  beside('a long name for nobody', 'ambiguous', longName('bin/y')),
  beside('a huge pax header', 'path-too-long', pax({ comment: 'x'.repeat(70_000) }), {
    name: 'bin/x',
  }),
  beside('a huge long name', 'path-too-long', longName('x'.repeat(70_000)), { name: 'bin/x' }),
  beside('a pax size past the end', 'truncated', pax({ size: '99999' }), { name: 'bin/x' }),
];

const WHOLE = tar([CODEX]);
const STRUCTURE: readonly HostileArchive[] = [
  { title: 'an empty stream', archive: Buffer.alloc(0), reason: 'truncated' },
  { title: 'half a header', archive: WHOLE.subarray(0, 300), reason: 'truncated' },
  { title: 'a header without its body', archive: WHOLE.subarray(0, 512), reason: 'truncated' },
  { title: 'half a body', archive: WHOLE.subarray(0, 514), reason: 'truncated' },
  { title: 'a body without its padding', archive: WHOLE.subarray(0, 600), reason: 'truncated' },
  { title: 'no end marks', archive: WHOLE.subarray(0, 1024), reason: 'truncated' },
  { title: 'one end mark', archive: WHOLE.subarray(0, 1536), reason: 'truncated' },
  { title: 'one and a half end marks', archive: WHOLE.subarray(0, 1800), reason: 'truncated' },
  {
    title: 'half a pax header',
    archive: Buffer.concat([tarHeader({ name: 'p', type: 'x', size: 600 }), Buffer.alloc(512)]),
    reason: 'truncated',
  },
  { title: 'no members', archive: tar([]), reason: 'entrypoint-missing' },
  {
    title: 'a member after one end mark',
    archive: Buffer.concat([tarEntry(CODEX), Buffer.alloc(512), tar([{ name: 'bin/x' }])]),
    reason: 'corrupt',
  },
  {
    title: 'an archive after the end marks',
    archive: Buffer.concat([WHOLE, tar([{ name: 'bin/x' }])]),
    reason: 'trailing-data',
  },
  {
    title: 'text after the end marks',
    archive: Buffer.concat([WHOLE, Buffer.from('x')]),
    reason: 'trailing-data',
  },
  {
    title: 'text after much padding',
    archive: Buffer.concat([WHOLE, Buffer.alloc(200_000), Buffer.from('x')]),
    reason: 'trailing-data',
  },
  { title: 'text instead of a tar', archive: Buffer.from('<html>'.repeat(200)), reason: 'corrupt' },
  {
    title: 'a size that is too large for all',
    archive: tar([{ ...CODEX, size: 8_000_000_000 }]),
    reason: 'too-many-bytes',
  },
];

const LIMITS: readonly HostileArchive[] = [
  {
    title: 'more members than allowed',
    archive: tar([CODEX, { name: 'bin/x' }, { name: 'bin/y' }]),
    limits: { entries: 3 },
    reason: 'too-many-members',
  },
  {
    title: 'more parents than allowed',
    archive: tar([CODEX, { name: 'codex-path/a/b/c/d/e/f' }]),
    limits: { entries: 8 },
    reason: 'too-many-members',
  },
  {
    title: 'more roots than allowed',
    archive: tar([CODEX, ...Array.from({ length: 9 }, () => ({ name: './', type: '5' }))]),
    limits: { entries: 8 },
    reason: 'too-many-members',
  },
  {
    title: 'more pax headers than allowed',
    archive: tar([...Array.from({ length: 5 }, () => pax({ comment: 'x' })), CODEX]),
    limits: { entries: 4 },
    reason: 'too-many-members',
  },
  {
    title: 'more bytes than allowed',
    archive: tar([CODEX, { name: 'bin/x', body: 'x'.repeat(96) }]),
    limits: { totalBytes: 100 },
    reason: 'too-many-bytes',
  },
  {
    title: 'a longer path than allowed',
    archive: tar([CODEX, { name: 'bin/0123456789' }]),
    limits: { pathLength: 13 },
    reason: 'path-too-long',
  },
];

const BARE = { layout: 'bare' } as const;
const NPM = { layout: 'npm', name: 'codex.tgz' } as const;
const LAYOUTS: readonly HostileArchive[] = [
  {
    title: 'a tree without its executable',
    archive: tar([{ name: 'bin/rg' }]),
    reason: 'entrypoint-missing',
  },
  {
    title: 'an empty executable',
    archive: tar([{ name: 'bin/codex' }]),
    reason: 'entrypoint-missing',
  },
  {
    title: 'a directory as executable',
    archive: tar([{ name: 'bin/codex/', type: '5' }]),
    reason: 'entrypoint-missing',
  },
  {
    title: 'a Windows executable for Linux',
    archive: tar([{ name: 'bin/codex.exe', body: 'x' }]),
    reason: 'entrypoint-missing',
  },
  {
    title: 'a helper in a bare archive',
    pretence: BARE,
    archive: tar([{ name: `codex-responses-api-proxy-${TRIPLE}`, body: 'x' }]),
    reason: 'outside-tree',
  },
  {
    title: 'a helper beside the bare binary',
    pretence: BARE,
    archive: tar([
      { name: `codex-${TRIPLE}`, body: 'x' },
      { name: 'codex-command-runner.exe', body: 'x' },
    ]),
    reason: 'outside-tree',
  },
  {
    title: 'a bare binary of another target',
    pretence: BARE,
    archive: tar([{ name: 'codex-aarch64-unknown-linux-musl', body: 'x' }]),
    reason: 'outside-tree',
  },
  {
    title: 'a bare binary in a directory',
    pretence: BARE,
    archive: tar([{ name: `x/codex-${TRIPLE}`, body: 'x' }]),
    reason: 'outside-tree',
  },
  {
    title: 'a directory of the name of the bare binary',
    pretence: BARE,
    archive: tar([{ name: `codex-${TRIPLE}/codex`, body: 'x' }]),
    reason: 'outside-tree',
  },
  {
    title: 'a bare binary twice',
    pretence: BARE,
    archive: tar([
      { name: `codex-${TRIPLE}`, body: 'x' },
      { name: `./codex-${TRIPLE}`, body: 'y' },
    ]),
    reason: 'duplicate-name',
  },
  {
    title: 'a tree in a bare archive',
    pretence: BARE,
    archive: tar([CODEX]),
    reason: 'outside-tree',
  },
  {
    title: 'an empty bare archive',
    pretence: BARE,
    archive: tar([]),
    reason: 'entrypoint-missing',
  },
  {
    title: 'an npm package of another target',
    pretence: NPM,
    archive: tar([{ name: 'package/vendor/aarch64-apple-darwin/bin/codex', body: 'x' }]),
    reason: 'wrong-target',
  },
  {
    title: 'an npm package without vendor',
    pretence: NPM,
    archive: tar([{ name: 'package/package.json', body: '{}' }]),
    reason: 'entrypoint-missing',
  },
  {
    title: 'the npm launcher package',
    pretence: NPM,
    archive: tar([{ name: 'package/bin/codex.js', body: 'x' }]),
    reason: 'outside-tree',
  },
  {
    title: 'an npm package with another root',
    pretence: NPM,
    archive: tar([{ name: `codex/vendor/${TRIPLE}/bin/codex`, body: 'x' }]),
    reason: 'outside-tree',
  },
  {
    title: 'an npm package with install scripts beside',
    pretence: NPM,
    archive: tar([{ name: 'package/install.js', body: 'x' }]),
    reason: 'outside-tree',
  },
  {
    title: 'both npm layouts at once',
    pretence: NPM,
    archive: tar([
      { name: `package/vendor/${TRIPLE}/bin/codex`, body: 'x' },
      { name: `package/vendor/${TRIPLE}/codex/codex`, body: 'y' },
    ]),
    reason: 'duplicate-name',
  },
  {
    title: 'a stranger in the npm tree',
    pretence: NPM,
    archive: tar([{ name: `package/vendor/${TRIPLE}/runtime.json`, body: 'x' }]),
    reason: 'outside-tree',
  },
  {
    title: 'one skipped npm member twice',
    pretence: NPM,
    archive: tar([
      { name: 'package/package.json', body: '{}' },
      { name: 'package/package.json', body: '{}' },
    ]),
    reason: 'duplicate-name',
  },
];

/** Tars that are hostile by their structure, members or layout. */
export const HOSTILE_TARS: readonly HostileArchive[] = [
  ...TYPES,
  ...MODES,
  ...HEADERS,
  ...PAX,
  ...STRUCTURE,
  ...LIMITS,
  ...LAYOUTS,
];
