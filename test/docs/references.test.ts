import { access, readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

const folders = ['docs/', 'examples/', 'templates/', '.github/', 'bench/'];
const below = await Promise.all(
  folders.map(async (folder) =>
    (await readdir(new URL(folder, ROOT), { recursive: true }))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}${name}`),
  ),
);
const MARKDOWN = [
  ...(await readdir(ROOT)).filter((name) => name.endsWith('.md')),
  ...below.flat().sort(),
];

/** What a reader's browser makes of the headings, as GitHub does. */
function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  return new Set(
    [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => {
      const words = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      return times === 0 ? anchor : `${anchor}-${times}`;
    }),
  );
}

it('every link between the pages leads to a file, and to a heading where it names one', async () => {
  const broken: string[] = [];
  let links = 0;
  for (const page of MARKDOWN) {
    const text = await readFile(new URL(page, ROOT), 'utf8');
    const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '`');
    for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      links += 1;
      const target = new URL(link, new URL(page, ROOT));
      const there = await readFile(target, 'utf8').catch(() => undefined);
      const isDirectory = there === undefined && (await readdir(target).catch(() => null)) !== null;
      const anchor = target.hash.slice(1);
      const leads =
        there === undefined ? isDirectory : anchor === '' || anchorsOf(there).has(anchor);
      if (!leads) broken.push(`${page}: ${link}`);
    }
  }
  expect(links).toBeGreaterThan(40);
  expect(broken).toEqual([]);
});

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
