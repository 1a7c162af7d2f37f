import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refuserOf } from '../../src/extract/refusal.ts';
import { ZipFileReader } from '../../src/extract/zip-file.ts';
import { readZip } from '../../src/extract/zip-reader.ts';
import { zip } from '../support/archives.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

const BODY = Buffer.alloc(600_000, 'codex');

function reading(path: string, signal?: AbortSignal) {
  const limits = { totalBytes: 1_000_000, entries: 10, pathLength: 100, workMs: 60_000 };
  return readZip({ path, limits, refuse: refuserOf('codex.zip'), signal });
}

it('an archive that is gone is an error of the disk', async () => {
  const path = join(await tempDir(), 'none.zip');
  const error = await failure(reading(path).next());
  expect(error.code).toBe('INSTALL_FAILED');
  expect(error.fields['path']).toBe(path);
});

it.each([true, false])('abort ends the reading of a member (deflated: %s)', async (deflate) => {
  const path = join(await tempDir(), 'codex.zip');
  await writeFile(path, zip([{ name: 'codex.exe', body: BODY, deflate }]));
  const abort = new AbortController();
  async function readAll(): Promise<void> {
    for await (const { body } of reading(path, abort.signal)) {
      for await (const _ of body) abort.abort();
    }
  }
  expect((await failure(readAll())).code).toBe('ABORTED');
});

it('a file that became shorter is not waited for', async () => {
  const path = join(await tempDir(), 'codex.zip');
  await writeFile(path, 'short');
  await using handle = await open(path);
  const chunks: Buffer[] = [];
  async function readAll(): Promise<void> {
    for await (const chunk of new ZipFileReader(handle).stream(2, 100)) chunks.push(chunk);
  }
  await expect(readAll()).rejects.toThrow();
  expect(Buffer.concat(chunks).toString()).toBe('ort');
});
