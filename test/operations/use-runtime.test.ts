import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { uninstallRuntime } from '../../src/operations/uninstall-runtime.ts';
import { useRuntime } from '../../src/operations/use-runtime.ts';
import { pruneStore } from '../../src/prune/index.ts';
import { holdPath, type Runtime, workOnce } from '../../src/store/index.ts';
import { failure } from '../support/failure.ts';
import { PATIENT } from '../support/held.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { miniatureRuntime } from '../support/miniature-runtime.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const HOST = { platform: 'linux', arch: 'x64' };

/** A hold that nobody holds. */
async function unlocked() {
  return { hold: join(await tempDir(), 'lock'), ...PATIENT };
}

describe('useRuntime', () => {
  /** Links the executable of a runtime that the first `thefts` attempts find stolen. */
  async function steal(thefts: number) {
    const dir = await tempDir();
    const stolen = join(await tempDir(), 'stolen');
    const asked: boolean[] = [];
    const using = useRuntime({
      ...(await unlocked()),
      obtain: async (again) => {
        asked.push(again);
        await rm(dir, { recursive: true, force: true });
        const runtime = await miniatureRuntime(dir);
        return { runtime, source: 'store', downloaded: 0 };
      },
      use: async (runtime: Runtime) => {
        if (asked.length <= thefts) await rename(runtime.dir, `${stolen}${asked.length}`);
        await link(join(runtime.dir, 'bin/codex'), `${stolen}-link`);
        return 'linked';
      },
    });
    return { using, asked };
  }

  it('brings a runtime again that was removed under its hands', async () => {
    const { using, asked } = await steal(2);
    expect((await using).result).toBe('linked');
    expect(asked).toEqual([false, true, true]);
  });

  it('gives up when it is removed every time', async () => {
    const { using, asked } = await steal(99);
    await expect(using).rejects.toMatchObject({ code: 'ENOENT' });
    expect(asked).toHaveLength(10);
  });

  it('does not begin again because something else is missing', async () => {
    const runtime = await miniatureRuntime(await tempDir());
    let brought = 0;
    const using = useRuntime({
      ...(await unlocked()),
      obtain: async () => {
        brought += 1;
        return { runtime, source: 'store', downloaded: 0 };
      },
      use: () => rename('/nowhere/a', '/nowhere/b'),
    });
    await expect(using).rejects.toMatchObject({ code: 'ENOENT' });
    expect(brought).toBe(1);
  });
});

it('an installation succeeds however often its version is uninstalled and pruned meanwhile', async () => {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const dir = await tempDir();
  const options = {
    version: '1.2.3',
    home: join(dir, 'home'),
    cwd: dir,
    env: github.env,
    host: HOST,
  };
  let installing = true;
  let removed = 0;
  const removing = (async () => {
    while (installing) {
      const gone = await uninstallRuntime(options).catch((error) => {
        if (error.code !== 'RELEASE_NOT_FOUND') throw error;
        return { runtimes: [] };
      });
      const pruned = await pruneStore({ ...options, unusedForMs: 0 });
      removed += gone.runtimes.length + pruned.removed.length;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  })();
  const installer = async (_: unknown, nth: number) => {
    for (let round = 0; round < 8; round += 1) {
      const prefix = join(dir, `prefix-${nth}-${round}`);
      await installRuntime({ ...options, prefix, source: 'github' });
    }
  };
  await Promise.all(Array.from({ length: 4 }, installer)).finally(async () => {
    installing = false;
    await removing;
  });
  expect(removed).toBeGreaterThan(3);
});

it('uninstall waits for whoever is at work on the version', async () => {
  const home = await tempDir();
  const { manifest } = await storedRuntime(home);
  const options = { version: '0.115.0', home, cwd: home, env: {}, host: HOST };
  const order: string[] = [];
  let uninstalling: Promise<unknown> = Promise.resolve();
  await workOnce({
    path: holdPath(home, manifest.version, manifest.target),
    ready: async () => undefined,
    ...PATIENT,
    work: async () => {
      uninstalling = uninstallRuntime(options).then(() => order.push('uninstalled'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      order.push('worked');
      return true;
    },
  });
  await uninstalling;
  expect(order).toEqual(['worked', 'uninstalled']);
  expect((await failure(uninstallRuntime(options))).code).toBe('RELEASE_NOT_FOUND');
});
