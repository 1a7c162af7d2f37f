import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hostTarget,
  isNative,
  parseTarget,
  parseTargets,
  TARGETS,
} from '../../src/target/index.ts';

describe('hostTarget', () => {
  test.each([
    ['darwin', 'arm64', false, 'aarch64-apple-darwin'],
    ['darwin', 'x64', false, 'x86_64-apple-darwin'],
    ['darwin', 'x64', true, 'aarch64-apple-darwin'],
    ['linux', 'arm64', false, 'aarch64-unknown-linux-musl'],
    ['linux', 'x64', false, 'x86_64-unknown-linux-musl'],
    ['linux', 'x64', true, 'x86_64-unknown-linux-musl'],
    ['android', 'arm64', false, 'aarch64-unknown-linux-musl'],
    ['win32', 'arm64', false, 'aarch64-pc-windows-msvc'],
    ['win32', 'x64', false, 'x86_64-pc-windows-msvc'],
  ])('on %s/%s (Rosetta: %s) is %s', (platform, arch, rosetta, triple) => {
    expect(hostTarget({ platform, arch, rosetta }).triple).toBe(triple);
  });

  test.each([
    ['linux', 'ia32'],
    ['linux', 'riscv64'],
    ['freebsd', 'x64'],
    ['', ''],
  ])('refuses %s/%s and names it', (platform, arch) => {
    expect(() => hostTarget({ platform, arch })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_PLATFORM', fields: { platform, arch } }),
    );
  });
});

describe('isNative', () => {
  test('is true of what a machine runs best alone, and of nothing where there is no build', () => {
    const mac = { platform: 'darwin', arch: 'x64', rosetta: true };
    expect(isNative(mac, parseTarget('darwin-arm64'))).toBe(true);
    expect(isNative(mac, parseTarget('darwin-x64'))).toBe(false);
    const none = { platform: 'freebsd', arch: 'x64' };
    expect(TARGETS.some((target) => isNative(none, target))).toBe(false);
  });
});

describe('parseTarget', () => {
  test.each(TARGETS)('reads every name of $triple', (target) => {
    for (const name of [target.triple, target.npmTag, `${target.os}/${target.cpu}`]) {
      expect(parseTarget(name)).toBe(target);
      expect(parseTarget(` ${name.toUpperCase()} `)).toBe(target);
    }
  });

  test('refuses everything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseTarget(text)).toThrow(
          expect.objectContaining({ code: 'UNSUPPORTED_PLATFORM' }),
        );
      }),
    );
  });
});

describe('parseTargets', () => {
  test('takes each target once, however often and in whatever spelling it is named', () => {
    const targets = parseTargets(['linux-x64', 'darwin/arm64', 'x86_64-unknown-linux-musl']);
    expect(targets.map(({ npmTag }) => npmTag)).toEqual(['linux-x64', 'darwin-arm64']);
  });
});

describe('TARGETS', () => {
  test('give every name to one target only', () => {
    for (const names of [
      TARGETS.map(({ triple }) => triple),
      TARGETS.map(({ npmTag }) => npmTag),
      TARGETS.flatMap(({ wheelTags }) => wheelTags),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });
});
