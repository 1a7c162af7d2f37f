import { createHash } from 'node:crypto';
import { DeflatePool } from './deflate-pool.ts';

/** What zlib as Node bundles it makes of the sample, on x64 and arm64, in Node 20, 22 and 24. */
const REFERENCE = '01df94b37f3000838eed210955948112445a38853fec8a805fa258dc0a1b3733';

/**
 * Whether this Node compresses as others do. Node bundles Chromium's zlib, whose output is the same
 * on every machine; a Node that was linked with a system's zlib (some Linux distributions) makes
 * archives that are as good, but not byte for byte the same.
 */
export async function isReferenceZlib(): Promise<boolean> {
  const { deflated } = await new DeflatePool(1).deflate(sample());
  return createHash('sha256').update(deflated).digest('hex') === REFERENCE;
}

/** 256 KiB that repeat themselves imperfectly, as programs do, so that every choice of zlib shows. */
function sample(): Buffer {
  const bytes = Buffer.alloc(256 * 1024);
  let state = 1;
  for (let at = 0; at < bytes.length; at += 1) {
    // Numerical Recipes' generator: its high bits are random enough, and the same everywhere.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const distance = (state >>> 8) % 4096;
    const repeats = state >>> 28 > 2 && distance < at && distance > 0;
    bytes[at] = repeats ? bytes.readUInt8(at - distance) : state >>> 24;
  }
  return bytes;
}
