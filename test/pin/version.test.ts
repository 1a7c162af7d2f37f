import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseVersion, tryParseVersion } from '../../src/pin/version.ts';

describe('parseVersion', () => {
  test.each([
    ['0.115.0', '0.115.0', 'rust-v0.115.0', '0.115.0', false],
    ['999999999.0.10', '999999999.0.10', 'rust-v999999999.0.10', '999999999.0.10', false],
    ['v0.115.0', '0.115.0', 'rust-v0.115.0', '0.115.0', false],
    ['rust-v0.115.0', '0.115.0', 'rust-v0.115.0', '0.115.0', false],
    ['0.115.0a11', '0.115.0-alpha.11', 'rust-v0.115.0-alpha.11', '0.115.0a11', true],
    ['0.115.0b1', '0.115.0-beta.1', 'rust-v0.115.0-beta.1', '0.115.0b1', true],
    ['0.115.0rc2', '0.115.0-rc.2', 'rust-v0.115.0-rc.2', '0.115.0rc2', true],
    ['0.115.0-alpha.6.1', '0.115.0-alpha.6.1', 'rust-v0.115.0-alpha.6.1', null, true],
    ['0.115.0-alpha.x', '0.115.0-alpha.x', 'rust-v0.115.0-alpha.x', null, true],
    ['0.115.0-nightly.1', '0.115.0-nightly.1', 'rust-v0.115.0-nightly.1', null, true],
    ['0.115.0-nightly', '0.115.0-nightly', 'rust-v0.115.0-nightly', null, true],
  ])('reads %s', (text, semver, tag, pep440, prerelease) => {
    expect(parseVersion(text)).toEqual({ semver, tag, pep440, prerelease });
  });

  test.each([
    '',
    '0.115',
    '0.115.0.1',
    '0.115.0+build',
    '=0.115.0',
    '00.115.0',
    'rust-0.115.0',
    'latest',
    '0.115.0-',
  ])('refuses %j', (text) => {
    expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 'PIN_INVALID' }));
  });

  test('gives the same version for each of its spellings', () => {
    const part = fc.nat(999);
    const word = fc.constantFrom('alpha', 'beta', 'rc');
    fc.assert(
      fc.property(part, part, part, fc.option(fc.tuple(word, part)), (a, b, c, pre) => {
        const spelled = `${a}.${b}.${c}${pre === null ? '' : `-${pre.join('.')}`}`;
        const version = parseVersion(spelled);
        for (const other of [version.tag, `v${spelled}`, version.pep440 ?? spelled]) {
          expect(parseVersion(other)).toEqual(version);
        }
      }),
    );
  });

  test('never fails otherwise than by saying no', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const version = tryParseVersion(text);
        if (version !== undefined) expect(parseVersion(version.semver)).toEqual(version);
      }),
    );
  });
});
