import process from 'node:process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  detectHost,
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

describe('detectHost', () => {
  const noKey = () => {
    throw new Error("unknown oid 'sysctl.proc_translated'");
  };

  test.each([
    ['a Node for x64 on Apple silicon', 'darwin', 'x64', () => '1\n', 'aarch64-apple-darwin'],
    ['a Node for x64 on a newer Intel Mac', 'darwin', 'x64', () => '0\n', 'x86_64-apple-darwin'],
    ['a Node for x64 on an older Intel Mac', 'darwin', 'x64', noKey, 'x86_64-apple-darwin'],
    ['a Node for arm64 on a Mac', 'darwin', 'arm64', noKey, 'aarch64-apple-darwin'],
    [
      'a Node for x64 in a container of another machine',
      'linux',
      'x64',
      noKey,
      'x86_64-unknown-linux-musl',
    ],
    ['a Node for arm64 under qemu', 'linux', 'arm64', noKey, 'aarch64-unknown-linux-musl'],
    ['a Node for x64 on Windows for arm64', 'win32', 'x64', noKey, 'x86_64-pc-windows-msvc'],
  ])('of %s gives the build that it can run', (_, platform, arch, askSysctl, triple) => {
    expect(hostTarget(detectHost({ platform, arch }, askSysctl)).triple).toBe(triple);
  });

  test('asks macOS alone', () => {
    let asked = 0;
    const ask = () => {
      asked += 1;
      return '1';
    };
    for (const platform of ['linux', 'win32', 'android'])
      detectHost({ platform, arch: 'x64' }, ask);
    detectHost({ platform: 'darwin', arch: 'arm64' }, ask);
    expect(asked).toBe(0);
    expect(detectHost({ platform: 'darwin', arch: 'x64' }, ask).rosetta).toBe(true);
    expect(asked).toBe(1);
  });

  test('is of this machine by default', () => {
    const { platform, arch } = process;
    expect(detectHost()).toMatchObject({ platform, arch });
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
