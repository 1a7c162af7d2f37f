import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ArchiveInput } from '../../src/extract/archive-input.ts';
import { gunzip } from '../../src/extract/gunzip.ts';
import { refuserOf } from '../../src/extract/refusal.ts';

const TRAILER = 8;
/** The engine is given this much at once, and more input is asked for while it is at work. */
const FIRST = Buffer.alloc(700_000, 'first');
const MEMBER = gzipSync(FIRST, { level: 0 });
const ARCHIVE = Buffer.concat([MEMBER, gzipSync('second'), Buffer.alloc(20)]);

// A source may be slower than the engine, which has then come to its end before the rest is there.
it.each([
  ['where its data ends', MEMBER.length - TRAILER],
  ['in its trailer', MEMBER.length - 3],
  ['where it ends', MEMBER.length],
  ['in the header of the second', MEMBER.length + 5],
])('a first member that comes first, cut %s, is joined by what comes late', async (_, cut) => {
  let taken = 0;
  const source = (async function* () {
    yield ARCHIVE.subarray(0, cut);
    while (taken < FIRST.length) await turn();
    // The engine's end comes with a turn of its own.
    for (let turns = 0; turns < 5; turns += 1) await turn();
    for (const byte of ARCHIVE.subarray(cut)) yield Buffer.from([byte]);
  })();
  const request = { limits: { totalBytes: 2 ** 30 }, refuse: refuserOf('test.gz') };
  const plain: Buffer[] = [];
  for await (const chunk of gunzip({ ...request, input: new ArchiveInput(source, undefined) })) {
    plain.push(chunk);
    taken += chunk.length;
  }
  expect(Buffer.concat(plain).equals(Buffer.concat([FIRST, Buffer.from('second')]))).toBe(true);
});
