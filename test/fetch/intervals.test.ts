import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addInterval,
  gapsOf,
  type IntervalSet,
  reachFrom,
  sizeOf,
} from '../../src/fetch/intervals.ts';

const SPAN = 200;
const intervals = array(
  tuple(integer({ min: 0, max: SPAN }), integer({ min: 0, max: 40 })).map(([start, length]) => ({
    start,
    end: Math.min(start + length, SPAN),
  })),
);

function setOf(list: IntervalSet): IntervalSet {
  return list.reduce<IntervalSet>(addInterval, []);
}

describe('a set of intervals', () => {
  test('holds exactly the bytes that were added, sorted and joined', () => {
    assert(
      property(intervals, (list) => {
        const set = setOf(list);
        const bytes = new Set(
          list.flatMap(({ start, end }) =>
            Array.from({ length: Math.max(end - start, 0) }, (_, index) => start + index),
          ),
        );
        expect(sizeOf(set)).toBe(bytes.size);
        for (const [index, { start, end }] of set.entries()) {
          expect(start).toBeLessThan(end);
          expect(start).toBeGreaterThan(set[index - 1]?.end ?? -1);
        }
      }),
    );
  });

  test('and its gaps make up the whole', () => {
    assert(
      property(intervals, (list) => {
        const set = setOf(list);
        const gaps = gapsOf(set, { start: 0, end: SPAN });
        expect(setOf([...set, ...gaps])).toEqual([{ start: 0, end: SPAN }]);
        expect(sizeOf(set) + sizeOf(gaps)).toBe(SPAN);
      }),
    );
  });

  test('tells how far its bytes go on from a position', () => {
    const set = setOf([
      { start: 0, end: 5 },
      { start: 5, end: 9 },
      { start: 20, end: 30 },
    ]);
    expect([0, 8, 9, 15, 20, 30].map((position) => reachFrom(set, position))).toEqual([
      9, 9, 9, 15, 30, 30,
    ]);
  });
});

test('what lies behind the whole is no end of a gap', () => {
  expect(gapsOf([{ start: 20, end: 30 }], { start: 0, end: 10 })).toEqual([{ start: 0, end: 10 }]);
});
