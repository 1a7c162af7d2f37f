import { describe, expect, it } from 'vitest';
import { parseCount, parseDuration } from '../../src/cli/option-values.ts';

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['12h', 43_200_000],
    ['30d', 2_592_000_000],
    ['2w', 1_209_600_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['45', 45_000],
    ['0', 0],
    ['0s', 0],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', ' ', 's', '-5s', '5y', '5 s', '1h 30m', '5s!', '1e3s', 'NaN', 'Infinity'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseDuration(text)).toThrowError(/Write it like/);
    },
  );
});

describe('parseCount', () => {
  it('reads whole numbers and nothing else', () => {
    expect(parseCount('0')).toBe(0);
    expect(parseCount('20')).toBe(20);
    for (const text of ['', '-1', '1.5', '0x10', '1e3', '9999999999']) {
      expect(() => parseCount(text)).toThrowError(/whole number/);
    }
  });
});
