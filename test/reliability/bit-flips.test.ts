import { expect, it } from 'vitest';
import { flipBits } from '../torture/bit-flips.ts';
import { SeededRandom } from '../torture/seeded-random.ts';

it('every flipped bit is noticed', async () => {
  const { figures, failures } = await flipBits({
    flips: 480,
    random: new SeededRandom(20_261_120),
  });
  expect(failures).toEqual([]);
  expect(Object.values(figures)).toEqual(Array(6).fill(80));
});
