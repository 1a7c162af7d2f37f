import { describe, expect, it } from 'vitest';
import { threadWarning } from '../../src/pin/index.ts';

describe('threadWarning', () => {
  it.each([
    ['0.171.0', '0.142.0', true],
    ['0.150.0', '0.149.0', true],
    ['0.150.0-alpha.1', '0.115.0', true],
    ['0.171.0', '0.150.0', false],
    ['0.171.0', '0.150.0-alpha.2', false],
    ['0.142.0', '0.115.0', false],
    ['0.115.0', '0.171.0', false],
    [null, '0.115.0', false],
  ])('from %s to %s: %s', (from, to, warned) => {
    expect(threadWarning(from, to) !== undefined).toBe(warned);
  });
});
