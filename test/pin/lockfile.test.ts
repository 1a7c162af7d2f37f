import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOCKFILE_NAME, loadLock } from '../../src/pin/index.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('loadLock', () => {
  it.each<[string, (path: string) => unknown]>([
    ['a link to itself', (path) => symlink(path, path)],
    ['a directory', (path) => mkdir(path)],
    ['a pipe, which it does not wait for', (path) => execFileSync('mkfifo', [path])],
    ['a device that never ends', (path) => symlink('/dev/zero', path)],
    [
      'a file of 8 GB, which it does not read',
      async (path) => {
        await writeFile(path, '');
        await truncate(path, 8 * 2 ** 30);
      },
    ],
  ])('refuses %s', async (_what, make) => {
    const dir = await tempDir();
    await make(join(dir, LOCKFILE_NAME));
    expect((await failure(loadLock(dir))).code).toBe('LOCK_INVALID');
  });
});
