import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

it('who installs the package gets only what its source imports', async () => {
  const manifest = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8'));
  const names = await readdir(new URL('src/', ROOT), { recursive: true });
  const sources = await Promise.all(
    names
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFile(new URL(`src/${name}`, ROOT), 'utf8')),
  );
  const imported = (name: string) =>
    sources.some((text) => text.includes(`'${name}'`) || text.includes(`'${name}/`));
  expect(Object.keys(manifest.dependencies).filter((name) => !imported(name))).toEqual([]);
});
