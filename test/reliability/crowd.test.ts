import { describe, expect, it } from 'vitest';
import { crowd } from '../torture/crowd.ts';
import { pauseHolders } from '../torture/pause.ts';
import { SeededRandom } from '../torture/seeded-random.ts';
import { whyNoTrace } from '../torture/traced-command.ts';

const noTrace = whyNoTrace();

it('of many installers one downloads and all succeed; a dead one is replaced at once', async () => {
  const { figures, failures } = await crowd({ installers: 12, kills: 1 });
  expect(failures).toEqual([]);
  expect(figures).toMatchObject({ installers: 12, successes: 12, downloads: 1 });
});

describe.skipIf(noTrace !== null)(`a paused installer (${noTrace ?? 'by strace'})`, () => {
  it('breaks nothing when it wakes up after another has finished', async () => {
    const options = { points: 8, random: new SeededRandom(20_261_120), jobs: 4 };
    const { figures, failures } = await pauseHolders(options);
    expect(failures).toEqual([]);
    expect(figures['paused']).toBe(figures['points']);
  });
});
