import { expect, test } from 'vitest';
import { matches, parseSpec, parseVersion } from '../../src/pin/index.ts';

test.each([
  ['0.115.0', '0.115.0', true],
  ['0.115.0', '0.115.1', false],
  ['0.115.0', '0.115.0-alpha.1', false],
  ['^0.115.0', '0.115.1', true],
  ['^0.115.0', '0.116.0', false],
  ['^0.115.0', '0.115.1-alpha.1', false],
  ['>=0.115.1-alpha.1', '0.115.1-alpha.2', true],
  ['latest', '0.115.0', true],
  ['latest', '0.115.0-alpha.1', false],
  ['alpha', '0.115.0-alpha.1', true],
  ['alpha', '0.115.0-beta.1', false],
  ['alpha', '0.115.0', false],
])('%s may mean %s: %s', (spec, version, expected) => {
  expect(matches(parseSpec(spec), parseVersion(version))).toBe(expected);
});
