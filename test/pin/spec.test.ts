import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSpec, parseSpec } from '../../src/pin/spec.ts';
import { parseVersion } from '../../src/pin/version.ts';

describe('parseSpec', () => {
  test.each(['0.115.0', 'v0.115.0', 'rust-v0.115.0', ' 0.115.0 '])(
    'reads %j as one version',
    (text) => {
      expect(parseSpec(text)).toMatchObject({ kind: 'exact', version: { semver: '0.115.0' } });
    },
  );

  test('reads a range of one version as that version', () => {
    expect(parseSpec('=0.115.0')).toEqual(parseSpec('0.115.0'));
  });

  test('reads the Python spelling of an alpha', () => {
    expect(parseSpec('0.115.0a11')).toMatchObject({
      kind: 'exact',
      version: { tag: 'rust-v0.115.0-alpha.11' },
    });
  });

  test.each(['latest', 'alpha', 'Latest'])('reads %j as a moving name', (text) => {
    const spec = parseSpec(text);
    expect(spec).toEqual({ kind: 'channel', name: text.toLowerCase() });
    expect(formatSpec(spec)).toBe(text.toLowerCase());
  });

  test.each(['^0.115.0', '0.115', '>=0.110 <0.116', '*'])(
    'reads %j as a range, and shows it as it was typed',
    (text) => {
      const spec = parseSpec(` ${text} `);
      expect(spec.kind).toBe('range');
      expect(formatSpec(spec)).toBe(text);
    },
  );

  test.each([
    '',
    '   ',
    'newest',
    '0.115.0 --flag',
    '../0.115.0',
    '0.115.0\0',
    '0.115.0 || '.repeat(100),
  ])('refuses %j', (text) => {
    expect(() => parseSpec(text)).toThrow(expect.objectContaining({ code: 'PIN_INVALID' }));
  });

  test('either refuses a text or gives a spec that reads back as itself', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.stringMatching(/^[v^~<>=]{0,2}\d{1,3}(\.\d{1,3}){0,2}(-[a-z]+\.\d+)?$/),
        ),
        (text) => {
          let spec: ReturnType<typeof parseSpec>;
          try {
            spec = parseSpec(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'PIN_INVALID' });
            return;
          }
          expect(parseSpec(formatSpec(spec))).toEqual(spec);
        },
      ),
    );
  });
});

describe('what is not a version', () => {
  test.each([
    ['0.101.0-linux-x64', '0.101.0 --target linux-x64'],
    ['codex@0.115.0', '0.115.0'],
    ['@openai/codex@0.115.0-darwin-arm64', '0.115.0 --target darwin-arm64'],
    ['openai/codex@latest', 'latest'],
    ['@latest', 'latest'],
    ['lastest', 'latest'],
    ['@lastest', 'latest'],
    ['alhpa', 'alpha'],
    ['stable', 'latest'],
  ])('%s is answered with %s', (text, meant) => {
    const hint = `Did you mean ${meant}?`;
    const refused = expect.objectContaining({ code: 'PIN_INVALID', hint });
    expect(() => parseSpec(text)).toThrow(refused);
    expect(() => parseVersion(text)).toThrow(refused);
  });

  test.each(['banana', '@', 'codex@', 'a@b c'])('%j gets no guess', (text) => {
    expect(() => parseSpec(text)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^Write/) }),
    );
  });
});
