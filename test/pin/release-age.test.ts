import { describe, expect, test } from 'vitest';
import {
  ageRule,
  describePassedOver,
  parseMinimumAge,
  passedOver,
} from '../../src/pin/release-age.ts';
import { parseVersion } from '../../src/pin/version.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-30T12:00:00Z');

const dated = (hours: number | null) => ({
  ...parseVersion('0.115.0'),
  publishedAt: hours === null ? null : NOW - hours * HOUR,
});

describe('parseMinimumAge', () => {
  test.each([
    ['3d', 72],
    ['3', 72],
    ['0.5', 12],
    ['36h', 36],
    ['2w', 336],
    ['90m', 1.5],
    [' 0 ', 0],
  ])('reads %s as %s hours', (text, hours) => {
    expect(parseMinimumAge(text, 'the test')).toEqual({ ms: hours * HOUR, origin: 'the test' });
  });

  test.each(['', 'soon', '-3', '3 days', '1e9', '999999d', '3d4h', 'NaN', 'Infinity'])(
    'refuses "%s" as a usage error that names who says it',
    (text) => {
      expect(() => parseMinimumAge(text, '--min-release-age')).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('--min-rel') }),
      );
    },
  );
});

describe('passedOver', () => {
  const rule = ageRule({ ms: 24 * HOUR, origin: '--min-release-age' }, NOW);
  if (rule === null) throw new Error('a day is an age');

  test.each([
    [24, null],
    [25, null],
    [23.9, 'too-young'],
    [0, 'too-young'],
    [-1, 'future'],
    [null, 'undated'],
  ])('judges a release of %s hours as %s', (hours, reason) => {
    expect(passedOver(dated(hours), rule, NOW)?.reason ?? null).toBe(reason);
  });

  test('has no rule for no minimum', () => {
    expect(ageRule({ ms: 0, origin: '--min-release-age' }, NOW)).toBeNull();
  });

  test('says in one sentence what was passed over and by whose word', () => {
    const passed = [5, -1, null, 6, 7].flatMap(
      (hours) => passedOver(dated(hours), rule, NOW) ?? [],
    );
    expect(describePassedOver(passed, rule, NOW)).toBe(
      "0.115.0 (published 5 hours ago), 0.115.0 (dated 2026-11-30T13:00:00.000Z, after now by this machine's clock), 0.115.0 (without a date), 2 more: --min-release-age asks for 1 day; a release without a date is taken only by its exact version",
    );
  });
});
