import { link, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeUnused } from '../../src/prune/remove-unused.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const POLICY = { keep: 0, unusedForMs: 60_000 };

/** A runtime that was decided to go, as it is when its removal begins. */
async function decided() {
  const home = await tempDir();
  const runtime = await storedRuntime(home);
  const old = new Date('2020-01-01T00:00:00Z');
  await utimes(join(runtime.dir, 'runtime.json'), old, old);
  return { home, runtime };
}

describe('removeUnused', () => {
  it('removes', async () => {
    const { home, runtime } = await decided();
    expect(await removeUnused(home, runtime, POLICY, undefined)).toEqual([]);
    await expect(stat(runtime.dir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps what a prefix has linked since it was decided', async () => {
    const { home, runtime } = await decided();
    await link(join(runtime.dir, 'bin', 'codex'), join(home, 'codex'));
    expect(await removeUnused(home, runtime, POLICY, undefined)).toEqual(['linked']);
    expect((await stat(runtime.dir)).isDirectory()).toBe(true);
  });

  it('keeps what was used since it was decided', async () => {
    const { home, runtime } = await decided();
    await utimes(join(runtime.dir, 'runtime.json'), new Date(), new Date());
    expect(await removeUnused(home, runtime, POLICY, undefined)).toEqual(['recent']);
    expect((await stat(runtime.dir)).isDirectory()).toBe(true);
  });
});
