import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addInterval,
  gapsOf,
  type IntervalSet,
  reachFrom,
  sizeOf,
} from '../../src/download/intervals.ts';
import { createLanePlan, type Lane } from '../../src/download/lane-plan.ts';

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

describe('a plan of lanes', () => {
  const MIB = 2 ** 20;

  test('gives out every missing byte once, whatever the lanes do', () => {
    const steps = array(tuple(integer({ min: 0, max: 4 }), integer({ min: 0, max: 3 * MIB })));
    assert(
      property(steps, integer({ min: 1, max: 40 * MIB }), (list, total) => {
        const have = setOf([{ start: 0, end: Math.floor(total / 10) }]);
        const plan = createLanePlan(have, total);
        const lanes: Lane[] = [];
        let brought = have;
        const bring = (lane: Lane, bytes: number) => {
          const end = Math.min(lane.position + bytes, lane.end);
          const before = sizeOf(brought);
          brought = addInterval(brought, { start: lane.position, end });
          expect(sizeOf(brought) - before).toBe(end - lane.position);
          lane.position = end;
        };
        for (const [which, bytes] of list) {
          const lane = lanes[which];
          if (lane === undefined) {
            const claimed = plan.claim();
            if (claimed !== null) lanes.push(claimed);
          } else {
            bring(lane, bytes);
            if (lane.position === lane.end && bytes % 2 === 0) plan.extend(lane);
            else if (bytes % 3 === 0) {
              plan.release(lane);
              lanes.splice(which, 1);
            }
          }
        }
        for (const lane of lanes) bring(lane, total);
        for (const lane of lanes) plan.release(lane);
        for (let lane = plan.claim(); lane !== null; lane = plan.claim()) {
          bring(lane, total);
          plan.release(lane);
        }
        expect(brought).toEqual([{ start: 0, end: total }]);
      }),
    );
  });

  test('takes half of what the slowest has left when nothing else is left', () => {
    const plan = createLanePlan([], 4 * MIB);
    const lanes = Array.from({ length: 4 }, () => plan.claim());
    expect(lanes.map((lane) => lane?.position)).toEqual([0, MIB, 2 * MIB, 3 * MIB]);
    expect(plan.claim()).toEqual({ position: 0.5 * MIB, end: MIB });
    expect(lanes[0]?.end).toBe(0.5 * MIB);
  });
});

test('what lies behind the whole is no end of a gap', () => {
  expect(gapsOf([{ start: 20, end: 30 }], { start: 0, end: 10 })).toEqual([{ start: 0, end: 10 }]);
});
