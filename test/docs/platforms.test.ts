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
