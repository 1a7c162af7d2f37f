import { access, readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

it('every page of docs/ that the source points to is there', async () => {
  const names = await readdir(new URL('src/', ROOT), { recursive: true });
  const pages = new Set<string>();
  for (const name of names.filter((one) => one.endsWith('.ts'))) {
    const source = await readFile(new URL(`src/${name}`, ROOT), 'utf8');
    for (const [page] of source.matchAll(/\bdocs\/[\w-]+\.md/g)) pages.add(page);
  }
  expect(pages.size).toBeGreaterThan(0);
  for (const page of pages) await expect(access(new URL(page, ROOT)), page).resolves.not.toThrow();
});

it('the schema of the lockfile can be imported under the name that docs/lockfile.md gives', async () => {
  const text = await readFile(new URL('docs/lockfile.md', ROOT), 'utf8');
  const name = /`(codex-runtime\/[\w.-]+\.schema\.json)`/.exec(text)?.[1] ?? '';
  // A package may import itself by its name: what is exported to everybody, and nothing else.
  expect(JSON.parse(await readFile(new URL(import.meta.resolve(name)), 'utf8'))).toMatchObject({
    $schema: expect.any(String),
  });
});
