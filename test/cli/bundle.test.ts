import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { computedImports } from '../../scripts/computed-imports.ts';
import { tempDir } from '../support/temp-dir.ts';

const CLI = new URL('../../dist/cli/', import.meta.url);

describe('the bundles of the command', () => {
  it('import an ES module by its path, where require stands for every other import()', async () => {
    const part = './apart/import-module.cjs';
    const path = join(await tempDir(), 'index.mjs');
    // With a top-level await no version of Node takes it by require.
    await writeFile(path, 'await null; export const codexPath = () => "codex";');
    const { importModule } = createRequire(CLI)(part);
    expect((await importModule(path)).codexPath()).toBe('codex');
    expect(await readFile(new URL('rest.cjs', CLI), 'utf8')).toContain(`require("${part}")`);
  });
});

describe('computedImports', () => {
  it('finds what the build refuses, and no import of a name', () => {
    expect(computedImports('import("tar");import(`yauzl`);reimport(a);import{b}from"b"')).toEqual(
      [],
    );
    expect(computedImports('await import((0,url.pathToFileURL)(path).href)')).toHaveLength(1);
  });
});
