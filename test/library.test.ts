import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureRuntime, installRuntime, type ProgressEvent, resolveRuntime } from '../src/index.ts';
import { startLoopbackGitHub } from './support/loopback-github.ts';
import { miniatureRelease } from './support/miniature-release.ts';
import { tempDir } from './support/temp-dir.ts';

async function options(env: Readonly<Record<string, string>>) {
  const dir = await tempDir();
  return { dir, cwd: dir, home: join(dir, 'home'), prefix: join(dir, 'p'), env };
}

describe('the library', () => {
  it('tells what happens as events, in order', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const events: ProgressEvent[] = [];
    await installRuntime({
      ...(await options(github.env)),
      version: '1.2.3',
      onProgress: (event) => events.push(event),
    });
    const types = events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
    expect(types).toEqual(['asset', 'download', 'verified', 'stored', 'installed']);
    const last = events.findLast((event) => event.type === 'download');
    expect(last).toMatchObject({ received: expect.any(Number), resumed: 0 });
    expect(last?.received).toBe(last?.total);
  });

  it('ends with ABORTED when its signal fires, and leaves nothing to be seen', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    github.fail({ route: 'cdn', delay: 5_000 });
    const { dir, ...rest } = await options(github.env);
    const controller = new AbortController();
    const work = installRuntime({
      ...rest,
      version: '1.2.3',
      signal: controller.signal,
      onProgress: ({ type }) => {
        if (type === 'asset') setTimeout(() => controller.abort(), 100);
      },
    });
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await readdir(join(dir, 'home/staging'))).toEqual([]);
    expect(await readdir(dir)).toEqual(['home']);
    github.heal();
    expect(await installRuntime({ ...rest, version: '1.2.3' })).toMatchObject({ version: '1.2.3' });
  });

  it('downloads once for many who ask at once', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const { prefix: _prefix, ...anywhere } = await options(github.env);
    const wish = { ...anywhere, version: '1.2.3' };
    const asked = await Promise.all(Array.from({ length: 8 }, () => ensureRuntime(wish)));
    expect(new Set(asked.map(({ executable }) => executable)).size).toBe(1);
    expect(asked.filter(({ source }) => source !== 'store')).toHaveLength(1);
    expect(github.asked('browser')).toHaveLength(1);
  });

  it('resolves a range to the newest version in it', async () => {
    const releases = [await miniatureRelease('1.2.3'), await miniatureRelease('1.2.9')];
    await using github = await startLoopbackGitHub({ releases });
    const wish = { ...(await options(github.env)), version: '~1.2.0' };
    expect(await resolveRuntime(wish)).toMatchObject({ version: '1.2.9', tag: 'rust-v1.2.9' });
  });
});
