import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runFound } from '../../src/cli/run-child.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Says each time that the executable is at the next of `paths`; the last one stays. */
async function finder(paths: readonly string[]) {
  const dir = await tempDir();
  await writeFile(join(dir, 'codex'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
  await writeFile(join(dir, 'forbidden'), '', { mode: 0o644 });
  const asked: string[] = [];
  const find = async () => {
    const name = paths[asked.length] ?? '';
    asked.push(name);
    const executable = join(dir, name);
    return { executable, args: [], env: {}, pathDir: null, releaseSignals: () => undefined };
  };
  return { find, asked };
}

describe('runFound', () => {
  it('asks again for an executable that has gone before it could start', async () => {
    const { find, asked } = await finder(['gone', 'codex']);
    expect(await runFound(find)).toBe(7);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['one that stays away', ['gone', 'gone']],
    ['one that may not start', ['forbidden']],
  ])('gives up %s', async (_, paths) => {
    const { find, asked } = await finder(paths);
    expect((await failure(runFound(find))).code).toBe('INSTALL_FAILED');
    expect(asked).toEqual(paths);
  });
});
