import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addInterval, sizeOf } from '../../src/fetch/intervals.ts';
import { createLanePlan, type Lane } from '../../src/fetch/lane-plan.ts';

const MIB = 2 ** 20;

describe('a plan of lanes', () => {
  test('gives out every missing byte once, whatever the lanes do', () => {
    const steps = array(tuple(integer({ min: 0, max: 4 }), integer({ min: 0, max: 3 * MIB })));
    assert(
      property(steps, integer({ min: 1, max: 40 * MIB }), (list, total) => {
        const have = addInterval([], { start: 0, end: Math.floor(total / 10) });
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

  test.each([
    ['a sixteenth of what is missing', 0, 32, 2],
    ['not less than one MiB', 0, 4, 1],
    ['not more than sixteen', 0, 1_000, 16],
    ['without what is there', 64, 68, 1],
    ['more, where a crumb would be left', 0, 1.25, 1.25],
    ['not more where it is no crumb', 0, 1.5, 1],
  ])('gives out blocks of %s', (_, there, total, block) => {
    const plan = createLanePlan(addInterval([], { start: 0, end: there * MIB }), total * MIB);
    expect(plan.claim()).toEqual({ position: there * MIB, end: (there + block) * MIB });
  });

  test('begins with the bytes that the consumer needs first', () => {
    const plan = createLanePlan([{ start: 1_000, end: 2 * MIB }], 4 * MIB);
    const claims = Array.from({ length: 3 }, () => plan.claim()?.position);
    expect(claims).toEqual([0, 2 * MIB, 3 * MIB]);
  });

  test('lets a lane go on until what follows is not free', () => {
    const plan = createLanePlan([], 4 * MIB);
    const lane = plan.claim() ?? { position: -1, end: -1 };
    expect(plan.extend(lane)).toBe(true);
    expect(lane).toEqual({ position: 0, end: 2 * MIB });
    const other = plan.claim();
    expect(other).toEqual({ position: 2 * MIB, end: 3 * MIB });
    expect(plan.extend(lane)).toBe(false);
    expect(lane.end).toBe(2 * MIB);
    expect(plan.claim()?.position).toBe(3 * MIB);
  });

  test('takes from the one that has most left, and only where half of it is worth a request', () => {
    const plan = createLanePlan([], 3 * MIB);
    const lanes = Array.from({ length: 3 }, () => plan.claim());
    const [, slowest] = lanes;
    for (const lane of lanes) if (lane !== null && lane !== slowest) lane.position += 1;
    expect(plan.claim()).toEqual({ position: 1.5 * MIB, end: 2 * MIB });
    expect(plan.claim()).toBeNull();
  });

  test('gives out again what a lane has not brought, and takes nothing from it any more', () => {
    const plan = createLanePlan([], MIB);
    const lane = plan.claim() ?? { position: -1, end: -1 };
    lane.position = 1_000;
    plan.release(lane);
    expect(plan.claim()).toEqual({ position: 1_000, end: MIB });
    expect(plan.claim()).toBeNull();
  });

  test('takes nothing from a lane that has ended', () => {
    const plan = createLanePlan([], 2 * MIB);
    const [lane, other] = [plan.claim(), plan.claim()];
    if (lane === null || other === null) throw new Error('both are there');
    // As it is when a connection ended that others were to have replaced.
    plan.release(lane);
    expect(plan.claim()).toEqual({ position: 0, end: MIB });
    other.position = other.end;
    plan.release(other);
    expect(plan.claim()).toEqual({ position: 0.5 * MIB, end: MIB });
  });
});
