import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyWritable } from '../../src/disk/verify-writable.ts';
import { makeReadOnly, mount, whyNoMounts } from '../support/mount.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('verifyWritable', () => {
  it('lets a directory pass, and one that can be made, and makes nothing', async () => {
    const dir = await tempDir();
    await verifyWritable(dir);
    await verifyWritable(join(dir, 'a', 'b'));
    expect(await readdir(dir)).toEqual([]);
  });

  it('refuses a file, and what would lie below one', async () => {
    const file = join(await tempDir(), 'file');
    await writeFile(file, 'mine');
    for (const path of [file, join(file, 'a', 'b')]) {
      await expect(verifyWritable(path)).rejects.toMatchObject({ code: 'ENOTDIR' });
    }
  });

  it.skipIf(whyNoMounts !== null)(
    `refuses what may not be written, and what would lie below it${whyNoMounts ?? ''}`,
    async () => {
      const dir = await tempDir();
      await mount(dir, 'size=1m');
      await mkdir(join(dir, 'present'));
      makeReadOnly(dir);
      for (const path of [dir, join(dir, 'present'), join(dir, 'a', 'b')]) {
        await expect(verifyWritable(path)).rejects.toMatchObject({ code: 'EROFS' });
      }
    },
  );
});
