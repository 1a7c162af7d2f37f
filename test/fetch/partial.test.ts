import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openPartial } from '../../src/fetch/partial.ts';
import { type Edition, saveEdition } from '../../src/fetch/partial-records.ts';
import { tempDir } from '../support/temp-dir.ts';

const EDITION: Edition = {
  kind: 'browser',
  address: 'https://example.invalid/codex.tar.gz',
  validator: '"etag"',
  total: 9,
};

/** What is found where a run has left `size` bytes and this journal. */
async function left(size: number, journal?: string) {
  const dir = await tempDir();
  const path = join(dir, 'codex');
  await writeFile(path, Buffer.alloc(size, 'x'));
  await saveEdition(`${path}.json`, EDITION);
  if (journal !== undefined) await writeFile(`${path}.journal`, journal);
  const partial = await openPartial(path);
  const { found, have } = partial;
  await partial.close();
  const names = await readdir(dir);
  return { found, have, size: (await stat(path)).size, journal: names.includes('codex.journal') };
}

const NOTHING = { found: null, have: [], size: 0, journal: false };

describe('of what an earlier run left', () => {
  test.each<[string, number, string | undefined]>([
    ['no bytes', 0, undefined],
    ['more bytes than the asset has', 10, undefined],
    ['a journal of more bytes than there are', 5, '0 6\n'],
    ['a journal of more bytes than the asset has', 12, '0 12\n'],
    ['a journal of none', 9, ''],
    ['a journal whose only line was cut off', 9, '0 9'],
  ])('%s are nothing', async (_what, size, journal) => {
    expect(await left(size, journal)).toEqual(NOTHING);
  });

  test.each<[string, number, string | undefined, readonly [number, number][], number]>([
    ['bytes in order', 5, undefined, [[0, 5]], 5],
    ['all of them', 9, undefined, [[0, 9]], 9],
    ['the start, by a journal', 9, '0 3\n3 5\n', [[0, 5]], 5],
    [
      'parts, by a journal',
      9,
      '0 3\n5 7\n',
      [
        [0, 3],
        [5, 7],
      ],
      9,
    ],
    ['a part that is not the start', 9, '5 7\n', [[5, 7]], 9],
  ])('%s are continued', async (_what, size, journal, parts, kept) => {
    const have = parts.map(([start, end]) => ({ start, end }));
    const inOrder = have.length === 1 && have[0]?.start === 0;
    expect(await left(size, journal)).toEqual({
      found: EDITION,
      have,
      size: kept,
      // Where the length of the file says it all.
      journal: !inOrder,
    });
  });
});
