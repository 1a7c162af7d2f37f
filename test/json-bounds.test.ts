import { describe, expect, it } from 'vitest';
import { parseBoundedJson } from '../src/json-bounds.ts';

describe('parseBoundedJson', () => {
  it('reads what is within bounds as JSON.parse does, brackets in strings included', () => {
    const text = JSON.stringify({ a: ['[{,'.repeat(900_000), '\\"[', '\\\\'], b: { c: null } });
    expect(parseBoundedJson(text)).toEqual(JSON.parse(text));
    expect(parseBoundedJson(`${'['.repeat(100)}${']'.repeat(100)}`)).toHaveLength(1);
  });

  it('takes the byte-order mark that editors on Windows write', () => {
    expect(parseBoundedJson('\uFEFF{"a":1}\r\n')).toEqual({ a: 1 });
    expect(() => parseBoundedJson('\uFEFF\uFEFF{}')).toThrow(SyntaxError);
  });

  it.each([
    ['101 levels', `${'['.repeat(101)}${']'.repeat(101)}`],
    ['101 levels of objects', `${'{"a":'.repeat(101)}0${'}'.repeat(101)}`],
    ['more than a million values', `[${'0,'.repeat(1_000_000)}0]`],
    ['more than a million empty objects', `[${'{},'.repeat(600_000)}0]`],
  ])('refuses %s', (_what, text) => {
    expect(() => parseBoundedJson(text)).toThrow(RangeError);
  });

  it.each(['', '{', '"', '"\\', '[1,]', '<html>'])(
    'leaves %j to the parser, which refuses it',
    (text) => {
      expect(() => parseBoundedJson(text)).toThrow(SyntaxError);
    },
  );
});
