import { describe, expect, it } from 'vitest';
import { killEverywhere } from '../torture/crash.ts';
import { injectErrors } from '../torture/errno.ts';
import { SeededRandom } from '../torture/seeded-random.ts';
import { NEW, OLD } from '../torture/site.ts';
import { whyNoTrace } from '../torture/traced-command.ts';

const SEED = 20_261_120;
const skipped = whyNoTrace();

describe.skipIf(skipped !== null)(`system calls that go wrong${note(skipped)}`, () => {
  it('a kill leaves the old state or the new one, and the next run mends all', async () => {
    const options = { points: 4, random: new SeededRandom(SEED), jobs: 2, from: [null, OLD] };
    const { figures, failures } = await killEverywhere(options);
    expect(failures).toEqual([]);
    expect(figures['killed']).toBe(figures['points']);
    expect(figures['points']).toBeGreaterThan(24);
  });

  it('a hold that was not signed yet is cleared by the next run, which has nothing to do', async () => {
    const { figures, failures } = await killEverywhere({
      ...{ points: 2, random: new SeededRandom(SEED), jobs: 2, from: [NEW] },
      where: ({ call, text }) => call === 'pwrite64' && text.includes('.lock>'),
    });
    expect(failures).toEqual([]);
    expect(figures['killed']).toBeGreaterThan(0);
  });

  it('an error ends with the right code and no false success', async () => {
    const options = { faults: 14, random: new SeededRandom(SEED), jobs: 2 };
    const { figures, failures } = await injectErrors(options);
    expect(failures).toEqual([]);
    expect(figures['refused']).toBeGreaterThan(0);
  });
});

function note(why: string | null): string {
  return why === null ? '' : ` (skipped: ${why})`;
}
