import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDirectory } from '../../src/disk/make-directory.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('makeDirectory', () => {
  it('makes a directory and its missing parents', async () => {
    const path = join(await tempDir(), 'a', 'b', 'c');
    await makeDirectory(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('is content with a directory that is there, and with others that make it too', async () => {
    const path = join(await tempDir(), 'a', 'b');
    await Promise.all(Array.from({ length: 8 }, () => makeDirectory(path)));
    await makeDirectory(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('refuses a file in the way', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'file'), '');
    await expect(makeDirectory(join(dir, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeDirectory(join(dir, 'file', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(process.platform === 'linux')('ends where nothing can be made', async () => {
    // Node's own recursive mkdir never returns from here.
    await expect(makeDirectory('/proc/1/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not hide what the system said', async () => {
    const long = join(await tempDir(), 'a', 'x'.repeat(300));
    await mkdir(join(long, '..'));
    await expect(makeDirectory(long)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  });
});
