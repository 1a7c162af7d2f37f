import { describe, expect, test } from 'vitest';
import { isSlow } from '../../src/fetch/body-reader.ts';

const MIB = 2 ** 20;
const TUNING = { lanes: 4, measure: 400, worthwhile: 3_000 };
/** A MiB in 400 ms, all of them spent waiting. */
const WATCHED = { received: MIB, elapsed: 400, waited: 400 };

describe('a connection', () => {
  test.each<[string, boolean, Partial<typeof WATCHED>, number, Partial<typeof TUNING>]>([
    ['is slow when it would take longer than is worth waiting for', true, {}, 8 * MIB, {}],
    ['is not when it will soon be done', false, {}, 7.5 * MIB, {}],
    ['is not before it was watched long enough', false, { elapsed: 399 }, 80 * MIB, {}],
    ['is not when half of the time was not its own', false, { waited: 199 }, 80 * MIB, {}],
    ['is when half of it was', true, { waited: 200 }, 80 * MIB, {}],
    ['is not when little is left', false, { received: 1 }, 2 * MIB - 1, {}],
    ['is when as much is left as is worth another connection', true, { received: 1 }, 2 * MIB, {}],
    ['is not when no other one is allowed', false, {}, 80 * MIB, { lanes: 1 }],
    ['is when nothing has come at all', true, { received: 0 }, 2 * MIB, {}],
  ])('%s', (_, expected, watched, remaining, tuning) => {
    expect(isSlow({ ...WATCHED, ...watched }, remaining, { ...TUNING, ...tuning })).toBe(expected);
  });
});
