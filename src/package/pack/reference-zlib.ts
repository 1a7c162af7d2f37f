import { createHash } from 'node:crypto';
import { BLOCK_SIZE, DeflatePool } from './deflate-pool.ts';

/** What zlib as Node bundles it makes of the sample, on x64, in Node 20, 22 and 24. */
const REFERENCE = 'a027f3a9c595afd5d404c31c11470a9c298a1e489f91a20d6b740f7c29a18007';

/**
 * Whether this Node compresses as others do. Node bundles Chromium's zlib, whose output is the same
 * on every machine; a Node that was linked with a system's zlib (some Linux distributions) makes
 * archives that are as good, but not byte for byte the same.
 */
export async function isReferenceZlib(): Promise<boolean> {
  const { deflated } = await new DeflatePool(1).deflate(sample());
  return createHash('sha256').update(deflated).digest('hex') === REFERENCE;
}

/**
 * One block that repeats itself near and far, long and short, as programs do: each level of zlib, and
 * each zlib, makes something else of it.
 */
function sample(): Buffer {
  const bytes = Buffer.alloc(BLOCK_SIZE);
  let state = 1;
  const random = (below: number): number => {
    // The generator of Numerical Recipes, by its high bits: the same numbers everywhere.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let at = 0;
  while (at < bytes.length) {
    const end = Math.min(at + 1 + random(40), bytes.length);
    const back = 1 + random(random(2) === 0 ? 400 : 30_000);
    for (; at < end; at += 1) bytes[at] = back <= at ? bytes.readUInt8(at - back) : random(64);
    if (at < bytes.length && random(3) === 0) bytes[at++] = random(256);
  }
  return bytes;
}
