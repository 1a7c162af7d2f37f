import { expect, test } from 'vitest';
import { watchSpeed } from '../../src/fetch/body-reader.ts';

/** Bytes, and ms that were spent waiting for them; 100 bytes in 100 ms are enough. */
test.each<[string, boolean, [number, number][]]>([
  ['nothing yet', false, []],
  ['too little, for not too long', false, [[99, 100]]],
  ['too little for too long', true, [[99, 101]]],
  ['too little in many bites', true, Array.from({ length: 11 }, () => [9, 10])],
  ['enough, however late', false, [[100, 5_000]]],
  ['enough again and again', false, Array.from({ length: 50 }, () => [50, 50])],
  [
    'enough at first, then too little',
    true,
    [
      [5_000, 10],
      [1, 60],
      [1, 60],
    ],
  ],
])('%s', (_, expected, waits) => {
  const speed = watchSpeed({ lowSpeedLimit: 1_000, lowSpeedTime: 100 });
  for (const [bytes, waited] of waits) speed.count(bytes, waited);
  expect(speed.isTooSlow).toBe(expected);
});
