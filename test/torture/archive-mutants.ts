import { gzipSync } from 'node:zlib';
import { longName, pax, tar, zip } from '../support/archives.ts';
import type { Pretence } from '../support/extract-request.ts';
import { SeededRandom } from './seeded-random.ts';

/** A valid archive that something has happened to; it may still be valid. */
export interface ArchiveMutant {
  readonly index: number;
  /** What was done, for a report. */
  readonly history: string;
  readonly pretence: Pretence;
  readonly bytes: Buffer;
}

const BLOCK = 512;
const TRIPLE = 'x86_64-unknown-linux-musl';
const BAITS = [
  '../../todo.txt',
  '/tmp/evil',
  '..',
  '.',
  '/',
  '\\',
  'C:x',
  'bin/codex',
  'BIN/CODEX',
  'a/../../..',
  '\0',
  '',
  'nul',
  '././@LongLink',
];
const NUMBERS = [
  '00000000000\0',
  '77777777777\0',
  '00000001000\0',
  '37777777777\0',
  '-0000000001\0',
  '\x80\0\0\0\0\0\0\0\0\0\x02\0',
  '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
  '           \0',
];
const WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0xffffffff];

const TREE = tar([
  { name: './', type: '5', mode: 0o755 },
  { name: './bin/', type: '5', mode: 0o755 },
  { name: './bin/codex', body: 'codex '.repeat(300), mode: 0o755 },
  pax({ path: 'codex-resources/voice/manifest.json', mtime: '1.5', size: '2' }),
  { name: 'short', body: '{}' },
  longName('codex-resources/voice/lib/libz.so.1'),
  { name: 'short', body: 'elf'.repeat(200), mode: 0o755, magic: 'ustar  \0' },
  { name: 'codex-path/rg', body: 'rg', mode: 0o755 },
]);
const NPM = tar([
  { name: `package/vendor/${TRIPLE}/codex/codex`, body: 'codex '.repeat(99), mode: 0o755 },
  { name: `package/vendor/${TRIPLE}/path/rg`, body: 'rg', mode: 0o755 },
  { name: 'package/package.json', body: '{}' },
]);
const BARE = tar([{ name: `codex-${TRIPLE}`, body: 'codex '.repeat(99), mode: 0o755 }]);
const ZIP = zip([
  { name: 'codex-x86_64-pc-windows-msvc.exe', body: 'codex '.repeat(300), mode: 0o100755 },
  { name: 'codex-command-runner.exe', body: 'runner', deflate: false },
  { name: 'codex-windows-sandbox-setup.exe', body: 'setup'.repeat(40) },
]);

const TARS: readonly (readonly [Buffer, Pretence])[] = [
  [TREE, {}],
  [NPM, { layout: 'npm', name: 'codex.tgz' }],
  [BARE, { layout: 'bare' }],
];
const ZIPPED: Pretence = { format: 'zip', layout: 'bare', target: 'win32-x64' };

type Mutation = (bytes: Buffer, random: SeededRandom) => Buffer;

/** Changes that fit any bytes. */
const GENERAL: Readonly<Record<string, Mutation>> = {
  flip(bytes, random) {
    const copy = Buffer.from(bytes);
    if (copy.length === 0) return copy;
    const at = random.below(copy.length);
    copy.writeUInt8((copy[at] ?? 0) ^ (1 << random.below(8)), at);
    return copy;
  },
  set(bytes, random) {
    const copy = Buffer.from(bytes);
    if (copy.length >= 4) copy.writeUInt32LE(random.pick(WORDS), random.below(copy.length - 3));
    return copy;
  },
  cut: (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  drop(bytes, random) {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(700))]);
  },
  repeat(bytes, random) {
    const at = random.below(bytes.length + 1);
    const piece = bytes.subarray(at, at + random.below(1_200));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  bait(bytes, random) {
    const copy = Buffer.from(bytes);
    copy.write(random.pick(BAITS), random.below(copy.length + 1), 'latin1');
    return copy;
  },
};

/** Changes of one header block of a tar, with its checksum put right again. */
const HEADERS: Readonly<Record<string, Mutation>> = {
  type: (bytes, random) =>
    inHeader(bytes, random, 156, random.pick([...'0123456789xgLKNSDMVAXI\0\xff'])),
  name: (bytes, random) =>
    inHeader(bytes, random, random.pick([0, 0, 0, 345, 157]), `${random.pick(BAITS)}\0`),
  size: (bytes, random) => inHeader(bytes, random, 124, random.pick(NUMBERS)),
  mode: (bytes, random) =>
    inHeader(
      bytes,
      random,
      100,
      `${random.pick(['0004755', '0120777', '0040755', '0000000', '7777777'])}\0`,
    ),
  magic: (bytes, random) =>
    inHeader(bytes, random, 257, random.pick(['ustar  \0', '\0\0\0\0\0\0\0\0', 'ustar\0\0\0'])),
  any: (bytes, random) =>
    inHeader(bytes, random, random.below(BLOCK), String.fromCharCode(random.below(256))),
  swap(bytes, random) {
    const [a, b] = [blockAt(bytes, random), blockAt(bytes, random)];
    const copy = Buffer.from(bytes);
    bytes.copy(copy, a, b, b + BLOCK);
    bytes.copy(copy, b, a, a + BLOCK);
    return copy;
  },
};

/** `count` mutants; the same `seed` gives the same ones. About a fifth are zips. */
export function* archiveMutants(seed: number, count: number): Generator<ArchiveMutant> {
  for (let index = 0; index < count; index++) {
    // Each has a generator of its own, so that one can be made again without those before it.
    yield archiveMutant(seed, index);
  }
}

/** The mutant number `index` of `seed`. */
export function archiveMutant(seed: number, index: number): ArchiveMutant {
  const random = new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  if (random.below(5) === 0) {
    return { index, pretence: ZIPPED, ...mutate(ZIP, GENERAL, random) };
  }
  const [bytes, pretence] = random.pick(TARS);
  if (random.below(4) === 0) {
    const compressed = gzipSync(bytes, { level: random.below(10) });
    return { index, pretence, ...mutate(compressed, GENERAL, random) };
  }
  const mutant = mutate(bytes, { ...GENERAL, ...HEADERS }, random);
  return { index, pretence, history: mutant.history, bytes: gzipSync(mutant.bytes, { level: 1 }) };
}

function mutate(
  bytes: Buffer,
  mutations: Readonly<Record<string, Mutation>>,
  random: SeededRandom,
): { bytes: Buffer; history: string } {
  const history: string[] = [];
  let mutant = bytes;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const [name, mutation] = random.pick(Object.entries(mutations));
    history.push(name);
    mutant = mutation(mutant, random);
  }
  return { bytes: mutant, history: history.join(' ') };
}

function blockAt(bytes: Buffer, random: SeededRandom): number {
  return random.below(Math.max(1, Math.floor(bytes.length / BLOCK))) * BLOCK;
}

function inHeader(bytes: Buffer, random: SeededRandom, at: number, text: string): Buffer {
  const copy = Buffer.from(bytes);
  const starts = headerStarts(copy);
  if (starts.length === 0) return copy;
  const start = random.pick(starts);
  const block = copy.subarray(start, start + BLOCK);
  block.write(text, at, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return copy;
}

/** Where the blocks with a tar's magic start. */
function headerStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK) {
    if (bytes.toString('latin1', at + 257, at + 262) === 'ustar') starts.push(at);
  }
  return starts;
}
