import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { relink } from '../../src/place/relink.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('relink', () => {
  let dir: string;
  let path: string;
  let aside: string;
  beforeEach(async () => {
    dir = await tempDir();
    path = join(dir, 'package');
    aside = join(dir, 'aside');
    await mkdir(join(dir, 'new'));
  });

  it.each([
    ['nothing', async () => undefined],
    ['a file', () => writeFile(path, 'old')],
    ['a link to nowhere', () => symlink('gone', path)],
    ['a link to a directory', () => symlink('/', path)],
    ['a link to itself', () => symlink('package', path)],
  ])('puts a relative link in place of %s, and leaves nothing aside', async (_, make) => {
    await make();
    await relink(join(dir, 'new'), path, aside);
    expect(await readlink(path)).toBe('new');
    expect((await readdir(dir)).sort()).toEqual(['new', 'package']);
  });

  it('moves a directory aside with all that it holds, for the caller to remove', async () => {
    await mkdir(path);
    await writeFile(join(path, 'theirs'), 'kept');
    await relink(join(dir, 'new'), path, aside);
    expect(await readlink(path)).toBe('new');
    expect(await readFile(`${aside}.package.replaced/theirs`, 'utf8')).toBe('kept');
  });

  it('does not write where the link is right already, even to what is missing', async () => {
    await symlink('gone', path);
    const before = await stat(dir, { bigint: true });
    await relink(join(dir, 'gone'), path, aside);
    expect((await stat(dir, { bigint: true })).mtimeNs).toBe(before.mtimeNs);
    expect(resolve(dir, await readlink(path))).toBe(join(dir, 'gone'));
  });

  it('fails with the native error where there is no directory for the link', async () => {
    const work = relink(join(dir, 'new'), join(dir, 'none/package'), aside);
    await expect(work).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
