import { posix, win32 } from 'node:path';
import { expect, it } from 'vitest';
import { isBelow, isSamePath } from '../../src/disk/same-path.ts';

it.each([
  ['/home/me', '/home/me', true],
  ['/home/me', '/home/me/..venv/lib', true],
  ['/home/me', '/home/meow', false],
  ['/home/me', '/home', false],
  ['/home/me', '/HOME/me/lib', false],
])('below %s on Linux: %s is %s', (root, path, expected) => {
  expect(isBelow(root, path, posix)).toBe(expected);
});

it.each([
  ['C:\\Users\\Me', 'c:\\users\\me\\lib', true],
  ['C:\\Users\\Me', 'C:\\Users\\Me\\..venv', true],
  ['C:\\Users\\Me', 'C:\\Users\\Meow', false],
  // Another drive has no way from one to the other.
  ['C:\\Users\\Me', 'D:\\Users\\Me\\lib', false],
  ['\\\\server\\share\\me', '\\\\server\\other\\me', false],
])('below %s on Windows: %s is %s', (root, path, expected) => {
  expect(isBelow(root, path, win32)).toBe(expected);
});

it.each([
  ['C:\\A\\b', 'c:\\a\\B\\', win32, true],
  ['C:\\a', 'D:\\a', win32, false],
  ['/a/b', '/a/b/', posix, true],
  ['/a/b', '/A/b', posix, false],
])('%s and %s', (a, b, rules, expected) => {
  expect(isSamePath(a, b, rules)).toBe(expected);
});
