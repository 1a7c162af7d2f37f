import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ArchiveInput } from '../../src/extract/archive-input.ts';
import { gunzip } from '../../src/extract/gunzip.ts';
import { refuserOf } from '../../src/extract/refusal.ts';
import { TreeWriter } from '../../src/extract/tree-writer.ts';
import { endsMemory, fillsMemory, lendMemory, returnMemory } from '../../src/fetch/byte-queue.ts';
import { tempDir } from '../support/temp-dir.ts';

it('goes with the last of its readers', () => {
  const bytes = Buffer.from(new Uint8Array(2 ** 16));
  const lent = Buffer.from(bytes.buffer, 0, bytes.length);
  lendMemory(lent, 2);
  returnMemory(lent.buffer);
  expect(lent.length).toBe(2 ** 16);
  returnMemory(bytes.buffer);
  expect(bytes.length).toBe(0);
});

it('stays where nobody has lent it, and where it is of the pool that Node shares', () => {
  const own = Buffer.from(new Uint8Array(2 ** 16));
  returnMemory(own.buffer);
  expect(own.length).toBe(2 ** 16);
  const [pooled, beside] = [Buffer.from('pooled'), Buffer.from('beside')];
  lendMemory(pooled, 1);
  returnMemory(pooled.buffer);
  expect([pooled, beside].map(String)).toEqual(['pooled', 'beside']);
});

it('is all of it, or its end', () => {
  const whole = Buffer.from(new ArrayBuffer(10));
  expect([fillsMemory(whole), endsMemory(whole)]).toEqual([true, true]);
  const [start, end] = [whole.subarray(0, 4), whole.subarray(4)];
  expect([fillsMemory(start), endsMemory(start)]).toEqual([false, false]);
  expect([fillsMemory(end), endsMemory(end)]).toEqual([false, true]);
});

it('is looked at by nobody later: many small pieces of a big stream arrive as they were', async () => {
  const content = randomBytes(24 * 2 ** 20);
  const packed = gzipSync(content, { level: 1 });
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < packed.length; at += 65_521) {
      const piece = Buffer.from(new Uint8Array(packed.subarray(at, at + 65_521)));
      lendMemory(piece, 1);
      yield piece;
    }
  }
  /** As a tar's members cut them. */
  async function* cut(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += 100_003) yield chunk.subarray(at, at + 100_003);
    }
  }
  const dir = await mkdtemp(join(await tempDir(), 'tree-'));
  const tree = new TreeWriter(dir);
  const input = new ArchiveInput(pieces(), undefined);
  const limits = { totalBytes: 2 ** 30, entries: 10, pathLength: 100, workMs: 60_000 };
  await tree.addFile('big', 0o644, cut(gunzip({ input, limits, refuse: refuserOf('big.gz') })));
  const [file] = await tree.finish();
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(file).toMatchObject({ size: content.length, sha256 });
  expect(content.equals(await readFile(join(dir, 'big')))).toBe(true);
});
