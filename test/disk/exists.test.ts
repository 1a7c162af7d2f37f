import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exists } from '../../src/disk/exists.ts';
import { tempDir } from '../support/temp-dir.ts';

it('sees a file, and a link that leads nowhere', async () => {
  const dir = await tempDir();
  await writeFile(join(dir, 'file'), '');
  await symlink(join(dir, 'nowhere'), join(dir, 'link'), 'junction');
  expect(await exists(join(dir, 'file'))).toBe(true);
  expect(await exists(join(dir, 'link'))).toBe(true);
});

it('sees nothing where nothing is', async () => {
  expect(await exists(join(await tempDir(), 'file'))).toBe(false);
});
