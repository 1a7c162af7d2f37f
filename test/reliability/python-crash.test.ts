import { describe, expect, it } from 'vitest';
import { killPythonInstalls, killPythonUninstalls } from '../torture/python-crash.ts';
import { SeededRandom } from '../torture/seeded-random.ts';
import { OLD } from '../torture/site.ts';
import { whyNoTrace } from '../torture/traced-command.ts';

const skipped = whyNoTrace();
const note = skipped === null ? '' : ` (skipped: ${skipped})`;

describe.skipIf(skipped !== null)(`a Python prefix${note}`, () => {
  it('holds the old package or the new one wherever we are killed, and the next run mends all', async () => {
    const options = { points: 1, random: new SeededRandom(20_261_120), jobs: 2, from: [OLD] };
    const { figures, failures } = await killPythonInstalls(options);
    expect(failures).toEqual([]);
    expect(figures['killed']).toBeGreaterThan(3);
    expect(figures['oldState']).toBeGreaterThan(0);
    expect(figures['newState']).toBeGreaterThan(0);
    // Each of them takes three runs of pip.
  }, 600_000);

  it('holds the package or none wherever its removal is killed, and the next run clears all away', async () => {
    const { figures, failures } = await killPythonUninstalls({
      ...{ points: 24, random: new SeededRandom(20_261_120), jobs: 2 },
    });
    expect(failures).toEqual([]);
    expect(figures['killed']).toBe(figures['points']);
    expect(figures['whole']).toBeGreaterThan(0);
    expect(figures['gone']).toBeGreaterThan(5);
  }, 600_000);
});
