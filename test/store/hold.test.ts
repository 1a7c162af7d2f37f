import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workOnce } from '../../src/store/index.ts';
import { tempDir } from '../support/temp-dir.ts';

const OTHERS = JSON.stringify({ pid: 1, space: 'elsewhere', token: 'theirs' });

/** A process that takes the lock and says so, then holds it until it is ended. */
async function holder(path: string): Promise<ChildProcess> {
  const script = new URL('./fixtures/holder.mjs', import.meta.url);
  const child = fork(script, [path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

describe('workOnce', () => {
  it('gives the work of one to all who ask at once', async () => {
    const path = join(await tempDir(), 'runtime');
    let result: string | undefined;
    let runs = 0;
    const ask = () =>
      workOnce({
        path,
        ready: async () => result,
        work: async () => {
          runs += 1;
          await new Promise((resolve) => setTimeout(resolve, 100));
          result = 'done';
          return result;
        },
      });
    expect(await Promise.all(Array.from({ length: 16 }, ask))).toEqual(Array(16).fill('done'));
    expect(runs).toBe(1);
  });

  it('lets the next one work when the first one fails', async () => {
    const path = join(await tempDir(), 'runtime');
    const failing = workOnce({
      path,
      ready: async () => undefined,
      work: async () => {
        throw new Error('no luck');
      },
    });
    await expect(failing).rejects.toThrow('no luck');
    const next = workOnce({ path, ready: async () => undefined, work: async () => 'luck' });
    expect(await next).toBe('luck');
  });

  it('replaces a killed holder that it knows within a moment', async () => {
    const path = join(await tempDir(), 'runtime');
    const child = await holder(path);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    let waited = 0;
    const started = performance.now();
    await workOnce({
      path,
      ready: async () => undefined,
      work: async () => 'mine',
      onWait: () => {
        waited += 1;
      },
    });
    expect(waited).toBe(0);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('does not take the lock from a holder of another machine, however dead its number', async () => {
    const path = join(await tempDir(), 'runtime');
    const child = await holder(path);
    await writeFile(
      `${path}.lock`,
      JSON.stringify({ pid: 999_999_999, space: 'elsewhere', token: 'theirs' }),
    );
    try {
      const asked = workOnce({
        path,
        ready: async () => undefined,
        work: async () => 'never',
        timeoutMs: 300,
      });
      await expect(asked).rejects.toMatchObject({ code: 'STORE_BUSY' });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('begins again when the work failed after another process had taken the lock over', async () => {
    const path = join(await tempDir(), 'runtime');
    let runs = 0;
    const result = workOnce({
      path,
      ready: async () => (runs === 1 ? 'theirs' : undefined),
      work: async () => {
        runs += 1;
        await writeFile(`${path}.lock`, OTHERS);
        throw new Error('its directory is gone');
      },
    });
    expect(await result).toBe('theirs');
  });

  it('leaves the lock of a process that has taken it over', async () => {
    const path = join(await tempDir(), 'runtime');
    const work = async () => {
      await writeFile(`${path}.lock`, OTHERS);
      return 'mine';
    };
    expect(await workOnce({ path, ready: async () => undefined, work })).toBe('mine');
    expect(await readFile(`${path}.lock`, 'utf8')).toBe(OTHERS);
  });

  it('tells the work that it has lost the lock', async () => {
    const path = join(await tempDir(), 'runtime');
    const asked: string[] = [];
    await workOnce({
      path,
      ready: async () => undefined,
      work: async ({ verifyHeld }) => {
        await verifyHeld();
        await writeFile(`${path}.lock`, OTHERS);
        await verifyHeld().catch(({ code }) => asked.push(code));
        return true;
      },
    });
    expect(asked).toEqual(['STORE_BUSY']);
  });

  it("removes a dead holder's lock when there is nothing to do", async () => {
    const path = join(await tempDir(), 'runtime');
    const child = await holder(path);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    await access(`${path}.lock`);
    expect(await workOnce({ path, ready: async () => 'done', work: async () => '' })).toBe('done');
    await expect(access(`${path}.lock`)).rejects.toThrow();
  });

  it('takes the lock of a silent holder that has no name', async () => {
    const path = join(await tempDir(), 'runtime');
    await writeFile(`${path}.lock`, '');
    const longAgo = new Date(Date.now() - 3_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    const work = async () => 'mine';
    expect(await workOnce({ path, ready: async () => undefined, work })).toBe('mine');
  });

  it('gives up with STORE_BUSY when a live holder outlasts the patience', async () => {
    const path = join(await tempDir(), 'runtime');
    const child = await holder(path);
    try {
      const asked = workOnce({
        path,
        ready: async () => undefined,
        work: async () => 'never',
        timeoutMs: 200,
      });
      await expect(asked).rejects.toMatchObject({ code: 'STORE_BUSY', exitStatus: 8 });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('stops waiting when it is aborted', async () => {
    const path = join(await tempDir(), 'runtime');
    const child = await holder(path);
    const controller = new AbortController();
    try {
      const asked = workOnce({
        path,
        ready: async () => undefined,
        work: async () => 'never',
        onWait: () => controller.abort(),
        signal: controller.signal,
      });
      await expect(asked).rejects.toMatchObject({ code: 'ABORTED' });
    } finally {
      child.kill('SIGKILL');
    }
  });
});
