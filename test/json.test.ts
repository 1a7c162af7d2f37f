import { describe, expect, it } from 'vitest';
import { asJsonObject, isByteCount, isJsonObject, isSha256 } from '../src/json.ts';

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
