import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodexRuntimeError } from '../../src/errors.ts';
import { extractRuntime } from '../../src/extract/index.ts';
import { tar } from '../support/archives.ts';
import { type Bench, openBench } from '../support/unpacking.ts';

const BINARY = Buffer.alloc(3_000_000, 'codex and more ');
const BARE = { format: 'zst', layout: 'bare' } as const;
const PACKAGE = { format: 'tar.zst' } as const;
/** Present from Node 22.15 and 23.8 on. */
const compress = (zlib as { zstdCompressSync?: (bytes: Buffer, options?: object) => Buffer })
  .zstdCompressSync;
const TREE = tar([{ name: './bin/codex', body: BINARY, mode: 0o755 }]);
/** A frame of zeros whose header asks for a window of 2 GiB; nothing else is wrong with it. */
const WIDE_WINDOW = Buffer.from('28b52ffd04a801000099e9d851', 'hex');

/** A frame for readers that know of it; Codex's releases have none, zstd's own tools may add one. */
const SKIPPED = Buffer.concat([Buffer.from('532a4d1805000000', 'hex'), Buffer.from('codex')]);
const ZEROS = Buffer.alloc(1_000_000);

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.length / 2);
}

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

async function outcome(bytes: Buffer, pretence: typeof BARE | typeof PACKAGE) {
  const request = await bench.request(bytes, pretence);
  return await extractRuntime(request).then(
    (files) => files.map(({ path, size, mode }) => [path, size, mode]),
    (error: unknown) => {
      if (error instanceof CodexRuntimeError) return error.fields['reason'] ?? error.code;
      throw error;
    },
  );
}

const CASES: readonly (readonly [string, () => Buffer, typeof BARE | typeof PACKAGE, unknown])[] =
  compress === undefined
    ? [
        ['a bare zst', () => WIDE_WINDOW, BARE, 'UNSUPPORTED_PLATFORM'],
        ['a package', () => WIDE_WINDOW, PACKAGE, 'UNSUPPORTED_PLATFORM'],
      ]
    : [
        ['a bare zst', () => compress(BINARY), BARE, [['bin/codex', BINARY.length, 0o755]]],
        ['a package', () => compress(TREE), PACKAGE, [['bin/codex', BINARY.length, 0o755]]],
        ['a frame that ends early', () => compress(BINARY).subarray(0, -5), BARE, 'truncated'],
        ['half of a frame', () => half(compress(BINARY)), BARE, 'truncated'],
        ['half of a package', () => half(compress(TREE)), PACKAGE, 'truncated'],
        [
          'a whole frame and half of one',
          () => Buffer.concat([compress(TREE), half(compress(TREE))]),
          PACKAGE,
          'truncated',
        ],
        [
          'two frames',
          () => Buffer.concat([compress(half(TREE)), compress(TREE.subarray(half(TREE).length))]),
          PACKAGE,
          [['bin/codex', BINARY.length, 0o755]],
        ],
        [
          'a frame to be skipped, and the frame',
          () => Buffer.concat([SKIPPED, compress(BINARY)]),
          BARE,
          [['bin/codex', BINARY.length, 0o755]],
        ],
        [
          'a frame, and one to be skipped',
          () => Buffer.concat([compress(BINARY), SKIPPED]),
          BARE,
          [['bin/codex', BINARY.length, 0o755]],
        ],
        ['half of a frame to be skipped', () => half(SKIPPED), BARE, 'truncated'],
        [
          'a checksum at the end',
          () => compress(BINARY, { params: { 201: 1 } }),
          BARE,
          [['bin/codex', BINARY.length, 0o755]],
        ],
        [
          'blocks of one byte, repeated',
          () => compress(ZEROS),
          BARE,
          [['bin/codex', ZEROS.length, 0o755]],
        ],
        [
          'very many frames',
          () => Buffer.concat(Array(300).fill(compress(Buffer.from('codex')))),
          BARE,
          'too-many-members',
        ],
        [
          'zeros behind',
          () => Buffer.concat([compress(BINARY), Buffer.alloc(512)]),
          BARE,
          [['bin/codex', BINARY.length, 0o755]],
        ],
        ['nothing', () => Buffer.alloc(0), BARE, 'truncated'],
        ['text', () => Buffer.from('<html>Not found</html>'), BARE, 'corrupt'],
        ['text behind', () => Buffer.concat([compress(TREE), TREE]), PACKAGE, 'trailing-data'],
        ['a zst in a zst', () => compress(compress(TREE)), PACKAGE, 'nested-compression'],
        ['a huge window', () => WIDE_WINDOW, BARE, 'unsupported-feature'],
        ['a bomb', () => compress(Buffer.alloc(60_000_000)), BARE, 'expansion-ratio'],
      ];

describe(`zstd on Node ${process.versions.node}`, () => {
  it.each(CASES)('%s', async (_, bytes, pretence, expected) => {
    expect(await outcome(bytes(), pretence)).toEqual(expected);
    expect(await bench.openFiles()).toEqual([]);
    expect(await bench.canary.changes()).toEqual([]);
  });
});
