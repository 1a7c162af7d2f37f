import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packRuntimes } from '../../src/operations/pack-runtimes.ts';
import { type StageOptions, stageRuntime } from '../../src/operations/stage-runtime.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

/** An empty store that may not be filled: whatever wants a runtime ends with `OFFLINE`. */
async function surroundings() {
  const dir = await tempDir();
  const host = { platform: 'linux', arch: 'x64' };
  const empty = { home: join(dir, 'home'), cwd: dir, env: { HOME: dir }, host };
  return { dir, options: { ...empty, version: '1.2.3', out: 'out', offline: true } };
}

describe('before a runtime is wanted', () => {
  it.each([
    ['a repository that is none', { repository: 'ftp://example.com/fork' }],
    ['a repository with a password', { repository: 'https://a:b@example.com/fork' }],
    ['a name that npm refuses', { name: '../fork' }],
  ])('%s is refused', async (_, metadata) => {
    const { dir, options } = await surroundings();
    for (const work of [stageRuntime, packRuntimes]) {
      expect((await failure(work(options))).code).toBe('OFFLINE');
      const error = await failure(work({ ...options, ...metadata }));
      expect(error).toMatchObject({ code: 'USAGE', exitStatus: 2 });
    }
    expect(await readdir(dir)).not.toContain('out');
  });

  it.each<[string, Partial<StageOptions>]>([
    ['a target', { target: 'linux-x64' }],
    ['a variant', { variant: 'binary' }],
    ["Python's ecosystem", { ecosystem: 'python' }],
  ])('%s of a root package is refused', async (_, options) => {
    const around = await surroundings();
    const error = await failure(stageRuntime({ ...around.options, ...options, root: true }));
    expect(error).toMatchObject({ code: 'USAGE', exitStatus: 2 });
  });
});
