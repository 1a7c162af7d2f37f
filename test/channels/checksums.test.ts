import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChecksums } from '../../src/channels/release-document.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];

describe('parseChecksums', () => {
  test('reads text and binary lines, CRLF, ./ and upper case', () => {
    const text = `${A}  one.tar.gz\r\n${B.toUpperCase()} *./two.tar.gz\n`;
    expect([...parseChecksums(text)]).toEqual([
      ['one.tar.gz', A],
      ['two.tar.gz', B],
    ]);
  });

  test.each([
    ['a short digest', `${A.slice(1)}  x\n`],
    ['a name with a folder', `${A}  dir/x\n`],
    ['a name that leaves the folder', `${A}  ../x\n`],
    ['a backslash', `${A}  dir\\x\n`],
    ['one space', `${A} x\n`],
    ['a login page', '<!doctype html>\n<p>Sign in</p>\n'],
  ])('reads nothing from %s', (_what, text) => {
    expect(parseChecksums(text).size).toBe(0);
  });

  test('trusts neither of two digests for one name', () => {
    expect([...parseChecksums(`${A}  x\n${B}  x\n${A}  y\n${A}  y\n`)]).toEqual([['y', A]]);
  });

  test('reads back what sha256sum writes, whatever stands between the lines', () => {
    const name = fc
      .stringMatching(/^[A-Za-z0-9_.-]{1,20}$/)
      .filter((text) => !text.startsWith('.'));
    const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
    const noise = fc.string().filter((text) => !/[0-9a-f]{64}/i.test(text));
    fc.assert(
      fc.property(fc.dictionary(name, hex), noise, (sums, junk) => {
        const lines = Object.entries(sums).map(([file, sum]) => `${sum}  ${file}`);
        const read = parseChecksums(lines.join(`\n${junk}\n`));
        expect(Object.fromEntries(read)).toEqual(Object.fromEntries(Object.entries(sums)));
      }),
    );
  });

  test('never fails on any text', () => {
    fc.assert(fc.property(fc.string(), (text) => parseChecksums(text).size === 0));
  });
});
