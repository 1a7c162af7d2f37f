import { describe, expect, it } from 'vitest';
import { formatRatio } from '../../bench/row.ts';

describe('a ratio of the bench', () => {
  it('has two digits', () => {
    expect(formatRatio({ ratio: 0.634, goal: 0.5 })).toBe('0.63');
    expect(formatRatio({ ratio: 1.499, goal: 1.5 })).toBe('1.50');
    expect(formatRatio({ ratio: 2.344, goal: null })).toBe('2.34');
  });

  it('does not look like the goal that it missed', () => {
    expect(formatRatio({ ratio: 1.501, goal: 1.5 })).toBe('1.501');
  });
});
