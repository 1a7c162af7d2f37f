import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExtractedFiles } from '../../src/extract/index.ts';
import { extractRuntime } from '../../src/extract/index.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Bench, openBench } from '../support/unpacking.ts';
import { VALID_ARCHIVES, writtenByNodeTar } from '../support/valid-archives.ts';

function listed(files: ExtractedFiles): string[] {
  return files.map(({ path, mode }) => `${path}:${mode.toString(8)}`);
}

async function expectOnDisk(destination: string, files: ExtractedFiles): Promise<void> {
  for (const { path, size, mode, sha256 } of files) {
    const absolute = join(destination, path);
    const content = await readFile(absolute);
    // Windows keeps no modes.
    if (process.platform !== 'win32') expect((await stat(absolute)).mode & 0o7777).toBe(mode);
    expect(content.length).toBe(size);
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
  }
}

describe('extractRuntime takes', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it.each(VALID_ARCHIVES.map((valid) => [valid.title, valid] as const))('%s', async (_, valid) => {
    const files = await bench.unpack(valid.archive, valid.pretence);
    expect(listed(files)).toEqual(valid.tree);
    await expectOnDisk(bench.destination, files);
    expect(await bench.canary.changes()).toEqual([]);
    expect(await bench.openFiles()).toEqual([]);
  });

  it.each([true, false])('what node-tar writes (portable: %s)', async (portable) => {
    const dir = await tempDir();
    await mkdir(join(dir, 'bin'));
    await writeFile(join(dir, 'bin', 'codex'), 'codex');
    await chmod(join(dir, 'bin', 'codex'), 0o755);
    await mkdir(join(dir, 'codex-resources', 'a'.repeat(120)), { recursive: true });
    await writeFile(join(dir, 'codex-resources', 'a'.repeat(120), 'größe'), 'x');
    const files = await bench.unpack(await writtenByNodeTar(dir, portable));
    expect(listed(files)).toEqual([
      'bin/codex:755',
      `codex-resources/${'a'.repeat(120)}/größe:644`,
    ]);
  });

  it.each([1, 7, 512, 4_096, 1_000_000])('bytes in pieces of %i', async (pieces) => {
    const [valid] = VALID_ARCHIVES;
    if (valid === undefined) throw new Error('no archive to take');
    const request = await bench.request(valid.archive, valid.pretence, pieces);
    expect(listed(await extractRuntime(request))).toEqual(valid.tree);
  });
});

it('knows 50 valid archives and more', () => {
  expect(
    new Set(VALID_ARCHIVES.map(({ archive }) => archive.toString('latin1'))).size,
  ).toBeGreaterThanOrEqual(50);
});
