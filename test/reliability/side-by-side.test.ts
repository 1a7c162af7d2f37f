import { expect, it } from 'vitest';
import { SeededRandom } from '../torture/seeded-random.ts';
import { runSideBySide } from '../torture/side-by-side.ts';

it('random commands at the same time end as they themselves explain', async () => {
  const random = new SeededRandom(20_261_130);
  const { figures, failures } = await runSideBySide({ rounds: 12, random });
  expect(failures).toEqual([]);
  expect(figures).toMatchObject({ commands: 48 });
});
