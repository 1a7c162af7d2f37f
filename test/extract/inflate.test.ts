import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ArchiveInput } from '../../src/extract/archive-input.ts';
import { type InflateEngine, openGunzip } from '../../src/extract/engines.ts';
import { inflate } from '../../src/extract/inflate.ts';
import { refuserOf } from '../../src/extract/refusal.ts';
import { SeededRandom } from '../torture/seeded-random.ts';

const MIB = 1024 * 1024;

function noise(bytes: number): Buffer {
  const random = new SeededRandom(1);
  const block = Buffer.alloc(MIB);
  for (let i = 0; i < block.length; i++) block[i] = random.below(256);
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / MIB) }, () => block));
}

function opened(bytes: Buffer) {
  let asked = 0;
  let engine: InflateEngine | undefined;
  const pieces = (async function* () {
    for (let i = 0; i < bytes.length; i += 65_536) {
      asked += 1;
      yield bytes.subarray(i, i + 65_536);
    }
  })();
  const plain = inflate({
    input: new ArchiveInput(pieces, undefined),
    open: () => {
      engine = openGunzip();
      return engine;
    },
    limits: { totalBytes: 1024 * MIB },
    refuse: refuserOf('test.gz'),
  });
  return { plain, asked: () => asked * 65_536, engine: () => engine };
}

it('stops asking for input while nobody takes its output', async () => {
  const { plain, asked } = opened(gzipSync(noise(48 * MIB), { level: 0 }));
  await plain.next();
  let before = -1;
  while (before !== asked()) {
    before = asked();
    await sleep(100);
  }
  expect(asked()).toBeLessThan(16 * MIB);
  let left = 0;
  for await (const chunk of plain) left += chunk.length;
  expect(left).toBeGreaterThan(40 * MIB);
});

it('frees its engine when its consumer stops early', async () => {
  const { plain, asked, engine } = opened(gzipSync(noise(16 * MIB), { level: 0 }));
  await plain.next();
  await plain.return(undefined);
  expect(engine()?.destroyed).toBe(true);
  const before = asked();
  await sleep(50);
  expect(asked() - before).toBeLessThanOrEqual(65_536);
});
