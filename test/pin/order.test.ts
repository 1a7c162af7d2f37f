import { describe, expect, test } from 'vitest';
import { nearVersions, newestFirst } from '../../src/pin/order.ts';
import { parseVersion } from '../../src/pin/version.ts';

const versions = (...spelled: string[]) => spelled.map(parseVersion);

describe('newestFirst', () => {
  test('sorts by precedence, each version once', () => {
    const sorted = newestFirst(
      versions('0.9.0', '0.10.0-alpha.2', '0.10.0', '0.9.0', '0.10.0-alpha.10'),
    );
    expect(sorted.map(({ semver }) => semver)).toEqual([
      '0.10.0',
      '0.10.0-alpha.10',
      '0.10.0-alpha.2',
      '0.9.0',
    ]);
  });
});

describe('nearVersions', () => {
  test.each([
    ['0.115.2', ['0.115.1', '0.115.0', '0.116.0']],
    ['99.1.0', ['0.116.0', '0.115.1', '0.115.0']],
    ['0.115.0-alpha.9', ['0.115.0-alpha.2', '0.116.0-alpha.1', '0.115.0']],
  ])('suggests for %s the likeliest first', (wanted, expected) => {
    const known = versions(
      '0.115.0',
      '0.115.1',
      '0.1.2',
      '0.116.0',
      '0.116.0-alpha.1',
      '0.115.0-alpha.2',
    );
    const near = nearVersions(parseVersion(wanted), known, 3).map(({ semver }) => semver);
    expect(near).toEqual(expected);
  });
});
