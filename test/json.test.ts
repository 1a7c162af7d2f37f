import { describe, expect, it } from 'vitest';
import {
  asJsonObject,
  isByteCount,
  isJsonObject,
  isSha256,
  parseBoundedJson,
} from '../src/json.ts';

it.each([[{}], [{ a: 1 }]])('%j is a JSON object', (value) => {
  expect(isJsonObject(value)).toBe(true);
  expect(asJsonObject(value)).toBe(value);
});

it.each([[null], [[]], ['{}'], [1], [undefined]])('%j is no JSON object', (value) => {
  expect(isJsonObject(value)).toBe(false);
  expect(asJsonObject(value)).toEqual({});
});

describe('isByteCount', () => {
  it.each([0, 1, 2 ** 53 - 1])('takes %s', (value) => {
    expect(isByteCount(value)).toBe(true);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, '1', null])('refuses %s', (value) => {
    expect(isByteCount(value)).toBe(false);
  });
});

describe('isSha256', () => {
  it('takes 64 lower-case hexadecimal digits, and nothing beside them', () => {
    const hex = '0123456789abcdef'.repeat(4);
    expect(isSha256(hex)).toBe(true);
    const others = [hex.toUpperCase(), hex.slice(1), `${hex}0`, `${hex}\n`, `sha256:${hex}`, null];
    expect(others.filter(isSha256)).toEqual([]);
  });
});

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
