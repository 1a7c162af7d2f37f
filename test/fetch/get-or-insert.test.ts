import { expect, test } from 'vitest';
import { getOrInsert } from '../../src/fetch/get-or-insert.ts';

test.each([new Map<object, number[]>(), new WeakMap<object, number[]>()])(
  'a value is made once for each key, and kept: %s',
  (map) => {
    const [one, other] = [{}, {}];
    let made = 0;
    const make = () => {
      made += 1;
      return [made];
    };
    const first = getOrInsert(map, one, make);
    expect(first).toEqual([1]);
    expect(getOrInsert(map, one, make)).toBe(first);
    expect(getOrInsert(map, other, make)).toEqual([2]);
  },
);
