import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { renderPlatforms } from '../../scripts/platforms.ts';
import { TARGETS } from '../../src/target/index.ts';

const page = await readFile(new URL('../../docs/platforms.md', import.meta.url), 'utf8');

it('lists the cases that there are (npx tsx scripts/generate-platforms.ts)', () => {
  expect(page).toBe(renderPlatforms(page));
});

it('says of every target what shows that it works', () => {
  const rows = page.split('\n').filter((line) => /^\| `\w+-\w+-/.test(line));
  expect(rows.map((row) => row.split('`')[1]).sort()).toEqual(
    TARGETS.map(({ triple }) => triple).sort(),
  );
});

it('counts tests of directories that there are', () => {
  const held = readFileSync(new URL('../windows/suite-passed.json', import.meta.url), 'utf8');
  const dirs = Object.keys(JSON.parse(held) as object);
  const missing = dirs.filter((dir) => !existsSync(new URL(`../${dir}/`, import.meta.url)));
  expect(missing).toEqual([]);
});
