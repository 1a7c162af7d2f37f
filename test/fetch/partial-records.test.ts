import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Edition, loadEdition, saveEdition } from '../../src/fetch/partial-records.ts';
import { tempDir } from '../support/temp-dir.ts';

const EDITION: Edition = {
  kind: 'browser',
  address: 'https://example.invalid/codex.tar.gz',
  validator: '"etag"',
  total: 9,
};

test('an edition is read as it was saved, and nothing is left of none', async () => {
  const dir = await tempDir();
  const path = join(dir, 'codex.json');
  await saveEdition(path, EDITION);
  expect(await loadEdition(path)).toEqual(EDITION);
  await saveEdition(path, null);
  expect(await loadEdition(path)).toBeUndefined();
  expect(await readdir(dir)).toEqual([]);
});

test.each<[string, object]>([
  ['another schema', { schemaVersion: 2 }],
  ['no schema', { schemaVersion: undefined }],
  ['an unknown source', { kind: 'ftp' }],
  ['an address that is no text', { address: 1 }],
  ['a validator that is no text', { validator: null }],
  ['a total that is text', { total: '9' }],
  ['half a byte', { total: 8.5 }],
])('a sidecar with %s is none', async (_what, change) => {
  const path = join(await tempDir(), 'codex.json');
  await writeFile(path, JSON.stringify({ schemaVersion: 1, ...EDITION, ...change }));
  expect(await loadEdition(path)).toBeUndefined();
});
