import { posix, win32 } from 'node:path';
import { expect, it } from 'vitest';
import { isOnSearchPath } from '../../src/child/search-path.ts';

it.each([
  ['C:\\Windows;C:\\Users\\Me\\bin', 'c:\\users\\me\\BIN', true],
  ['C:\\Windows;;D:\\bin', 'C:\\bin', false],
])('Windows, with Path %s, finds the commands in %s: %s', (path, dir, expected) => {
  expect(isOnSearchPath({ Path: path }, dir, win32)).toBe(expected);
});

it.each([
  ['/usr/bin:/home/me/bin/', '/home/me/bin', true],
  ['/usr/bin:/home/Me/bin', '/home/me/bin', false],
  ['', '/', false],
])('Linux, with PATH %s, finds the commands in %s: %s', (path, dir, expected) => {
  expect(isOnSearchPath({ PATH: path }, dir, posix)).toBe(expected);
});
