import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashFile } from '../../src/disk/hash-file.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

it('gives the size and the digests that were asked for', async () => {
  const path = join(await tempDir(), 'file');
  await writeFile(path, 'codex');
  const { size, sha256, sha512 } = await hashFile(path, ['sha256', 'sha512'], undefined);
  expect(size).toBe(5);
  expect(sha256).toEqual(createHash('sha256').update('codex').digest());
  expect(sha512).toEqual(createHash('sha512').update('codex').digest());
});

it('ends at once when it is aborted, however long the file is', async () => {
  const path = join(await tempDir(), 'file');
  await writeFile(path, '');
  // Without blocks on the disk; hashing all of it takes minutes.
  await truncate(path, 2 ** 37);
  const controller = new AbortController();
  const hashing = failure(hashFile(path, ['sha256'], controller.signal));
  setTimeout(() => controller.abort(), 50);
  const begun = performance.now();
  expect((await hashing).code).toBe('ABORTED');
  expect(performance.now() - begun).toBeLessThan(1_000);
});
