import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { forgetPrefix, loadKnownPrefixes, rememberPrefix } from '../../src/place/index.ts';
import { tempDir } from '../support/temp-dir.ts';

const NAME = 'codex-cli-bin';

async function noted(make: (lower: string, upper: string) => Promise<unknown>) {
  const home = await tempDir();
  const dir = await tempDir();
  const [upper, lower] = [join(dir, 'Project'), join(dir, 'project')];
  await mkdir(upper);
  await make(lower, upper);
  for (const prefix of [upper, lower]) {
    await rememberPrefix(home, { prefix, global: false, name: NAME });
  }
  return { home, upper, lower };
}

it('knows a prefix once whose name the file system takes in any case', async () => {
  // What such a file system does with the second spelling.
  const { home, upper, lower } = await noted((path, target) => symlink(target, path));
  expect(await loadKnownPrefixes(home)).toHaveLength(1);
  await forgetPrefix(home, { prefix: lower, global: false, name: NAME });
  expect(await loadKnownPrefixes(home)).toEqual([]);
  expect(upper).not.toBe(lower);
});

it('knows two prefixes that differ by case where the case counts', async () => {
  const { home, upper, lower } = await noted((path) => mkdir(path));
  expect((await loadKnownPrefixes(home)).map(({ prefix }) => prefix)).toEqual([upper, lower]);
  await forgetPrefix(home, { prefix: lower, global: false, name: NAME });
  expect((await loadKnownPrefixes(home)).map(({ prefix }) => prefix)).toEqual([upper]);
});
