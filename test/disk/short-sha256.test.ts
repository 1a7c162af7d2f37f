import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shortSha256 } from '../../src/disk/short-sha256.ts';

it('is what Node itself calls SHA-256, for every length and any text', () => {
  const expected = (text: string) => createHash('sha256').update(text).digest('hex');
  for (let length = 0; length <= 200; length += 1) {
    const text = 'x'.repeat(length);
    expect(shortSha256(text)).toBe(expected(text));
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), (text) => {
      expect(shortSha256(text)).toBe(expected(text));
    }),
  );
});
