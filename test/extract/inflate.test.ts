import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ArchiveInput } from '../../src/extract/archive-input.ts';
import { type InflateEngine, openGunzip } from '../../src/extract/engines.ts';
import { inflateAll } from '../../src/extract/inflate.ts';
import { refuserOf } from '../../src/extract/refusal.ts';
import { chunksOf } from '../support/extract-request.ts';
import { failure } from '../support/failure.ts';
import { SeededRandom } from '../torture/seeded-random.ts';

const MIB = 1024 * 1024;

function noise(bytes: number): Buffer {
  const random = new SeededRandom(1);
  const block = Buffer.alloc(MIB);
  for (let i = 0; i < block.length; i++) block[i] = random.below(256);
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / MIB) }, () => block));
}

function opened(bytes: Buffer, then?: (engine: InflateEngine) => AsyncIterable<Buffer>) {
  let asked = 0;
  let engine: InflateEngine | undefined;
  const pieces = (async function* () {
    for (let i = 0; i < bytes.length; i += 65_536) {
      asked += 1;
      yield bytes.subarray(i, i + 65_536);
    }
    if (engine !== undefined && then !== undefined) yield* then(engine);
  })();
  const plain = inflateAll({
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

async function lengthOf(plain: AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const chunk of plain) length += chunk.length;
  return length;
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
  expect(await lengthOf(plain)).toBeGreaterThan(40 * MIB);
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

describe('what follows the compressed data', () => {
  const archive = gzipSync(noise(MIB), { level: 0 });

  it.each([
    ['is refused when it comes after the data has been inflated', Buffer.from('text'), false],
    ['may be zeros then too', Buffer.alloc(4), true],
  ])('%s', async (_, late, taken) => {
    const { plain } = opened(archive, async function* (engine) {
      // Enough for the engine to be given all of the data before it is waited for.
      yield Buffer.alloc(MIB);
      if (!engine.readableEnded) await once(engine, 'end');
      yield late;
    });
    const read = lengthOf(plain);
    if (taken) expect(await read).toBe(MIB);
    else expect((await failure(read)).fields['reason']).toBe('trailing-data');
  });

  it('is refused however many zeros the engine is given after it', async () => {
    // All of it is given to the engine before that has looked at any.
    const tail = Buffer.concat([Buffer.from('\0text'), Buffer.alloc(600_000)]);
    const { plain } = opened(Buffer.concat([gzipSync('data'), tail]));
    expect((await failure(lengthOf(plain))).fields['reason']).toBe('trailing-data');
  });
});

it('calls damage by its name when its consumer was busy meanwhile', async () => {
  const { plain, engine } = opened(Buffer.alloc(0), async function* () {
    yield gzipSync(noise(MIB), { level: 0 });
    // The head of a second member, of a method that does not exist.
    yield Buffer.concat([Buffer.from('1f8b09', 'hex'), noise(MIB)]);
  });
  await plain.next();
  while (engine()?.closed !== true) await sleep(10);
  expect((await failure(lengthOf(plain))).fields['reason']).toBe('corrupt');
});

it('keeps no input that the engine has used', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const member = gzipSync(noise(16 * MIB), { level: 0 });
  const { plain } = opened(Buffer.alloc(0), async function* () {
    // Copies, as a socket would bring them.
    for (let i = 0; i < 12; i += 1) yield* chunksOf(Buffer.from(member), 65_536);
  });
  let most = 0;
  let sinceLook = 0;
  for await (const chunk of plain) {
    sinceLook += chunk.length;
    if (sinceLook < 16 * MIB) continue;
    sinceLook = 0;
    // What is dead but not yet collected is not kept.
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  expect(most).toBeLessThan(160 * MIB);
  expect(most).toBeGreaterThan(0);
});
