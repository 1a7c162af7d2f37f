import { describe, expect, it } from 'vitest';
import { type PruneCandidate, planPrune } from '../../src/prune/plan-prune.ts';
import type { RuntimeManifest } from '../../src/store/index.ts';

const NOW = new Date('2026-01-31T00:00:00Z');
const DAY = 86_400_000;

function candidate(
  version: string,
  daysAgo: number,
  more: Partial<PruneCandidate> = {},
): PruneCandidate {
  return {
    runtime: { dir: `/store/${version}`, manifest: { version } as RuntimeManifest },
    lastUsed: new Date(NOW.getTime() - daysAgo * DAY),
    own: 1,
    linked: false,
    installed: false,
    running: false,
    ...more,
  };
}

/** Version → why it stays. */
function planned(candidates: readonly PruneCandidate[], keep: number, days: number) {
  const decisions = planPrune(candidates, { keep, unusedForMs: days * DAY }, NOW);
  return Object.fromEntries(
    decisions.map(({ runtime, reasons }) => [runtime.manifest.version, reasons]),
  );
}

describe('planPrune', () => {
  it('lets go what was not used for so long', () => {
    const all = [candidate('0.1.0', 31), candidate('0.2.0', 30), candidate('0.3.0', 29)];
    expect(planned(all, 0, 30)).toEqual({ '0.1.0': [], '0.2.0': [], '0.3.0': ['recent'] });
  });

  it('keeps the versions that were used last, whatever their number', () => {
    const all = [candidate('0.9.0', 9), candidate('0.1.0', 1), candidate('0.2.0', 2)];
    expect(planned(all, 2, 0)).toEqual({ '0.9.0': [], '0.1.0': ['kept'], '0.2.0': ['kept'] });
  });

  it('counts versions, not targets', () => {
    const twice = [candidate('0.1.0', 1), candidate('0.1.0', 50), candidate('0.2.0', 2)];
    const decisions = planPrune(twice, { keep: 1, unusedForMs: 0 }, NOW);
    expect(decisions.map(({ reasons }) => reasons)).toEqual([['kept'], ['kept'], []]);
  });

  it('lets go only what both rules let go', () => {
    const all = [candidate('0.1.0', 40), candidate('0.2.0', 20), candidate('0.3.0', 1)];
    expect(planned(all, 1, 30)).toEqual({
      '0.1.0': [],
      '0.2.0': ['recent'],
      '0.3.0': ['recent', 'kept'],
    });
  });

  it.each(['linked', 'installed', 'running'] as const)('never lets go what is %s', (reason) => {
    expect(planned([candidate('0.1.0', 999, { [reason]: true })], 0, 0)).toEqual({
      '0.1.0': [reason],
    });
  });
});
