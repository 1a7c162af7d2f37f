import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { longName, pax, tar, zip } from '../support/archives.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unpackCorpus } from '../torture/corpus.ts';

const LONG = `${'a/'.repeat(60)}b`;
const NOTE = { name: 'notes/a.txt', body: 'a' };
const LINK = { name: 'notes/l', type: '2', link: '/etc' };

/** Archives by how they have to end as parts of a runtime tree. */
const ARCHIVES = {
  'ours/codex.tar.gz': gzipSync(tar([{ name: 'bin/codex', body: 'x', mode: 0o755 }])),
  'theirs/plain.tar': tar([
    { name: './', type: '5' },
    { ...NOTE, name: './a.txt' },
  ]),
  'theirs/pax.tar': tar([pax({ path: 'notes/grüße', mtime: '1' }), NOTE]),
  'theirs/long.tar': tar([longName(LONG), NOTE, { name: 'x'.repeat(99) }]),
  'theirs/plain.zip': zip([NOTE, { name: 'notes/b/' }]),
  'theirs/climbs.tar': tar([{ ...NOTE, name: '../a.txt' }]),
  'theirs/absolute.zip': zip([{ ...NOTE, name: '/etc/passwd' }]),
  'theirs/link.tar': tar([NOTE, LINK]),
  'theirs/two-names.zip': zip([{ ...NOTE, localName: 'notes/b.txt' }]),
  'theirs/cut.tar': tar([NOTE]).subarray(0, 700),
  'theirs/text': Buffer.from('no archive at all'),
};

it('every archive of a corpus meets the policy behind its foreign names, and nothing breaks', async () => {
  const directory = await tempDir();
  await mkdir(join(directory, 'ours'));
  await mkdir(join(directory, 'theirs'));
  for (const [file, bytes] of Object.entries(ARCHIVES)) {
    await writeFile(join(directory, file), bytes);
  }
  const { figures, failures, notes = [] } = await unpackCorpus({ directory, jobs: 2 });
  expect(failures).toEqual([]);
  expect(figures).toMatchObject({ archives: 11, refused: 10, accepted: 1 });
  const grafted = notes.filter((note) => note.startsWith('accepted when grafted'));
  expect(grafted.map((note) => /: (\S+)/.exec(note)?.[1])).toEqual([
    'ours/codex.tar.gz',
    'theirs/long.tar',
    'theirs/pax.tar',
    'theirs/plain.tar',
    'theirs/plain.zip',
  ]);
  const reasons = notes.find((note) => note.startsWith('theirs: '))?.slice('theirs: '.length);
  expect(reasons?.split(', ').toSorted()).toEqual([
    'absolute-path 1',
    'accepted 4',
    'ambiguous 1',
    'hard-or-symbolic-link 1',
    'traversal 1',
    'truncated 2',
  ]);
});
