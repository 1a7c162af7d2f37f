import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { access, readFile, rmdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { thisProcess } from '../../src/disk/owner.ts';
import { clearDeadHold, tidyHeld, workOnce } from '../../src/store/index.ts';
import { PATIENT } from '../support/held.ts';
import { tempDir } from '../support/temp-dir.ts';

const OTHERS = JSON.stringify({ pid: 1, space: 'elsewhere', token: 'theirs' });

/** A process that takes the lock and says so, then holds it until it is ended. */
async function holder(path: string): Promise<ChildProcess> {
  const script = new URL('./fixtures/holder.ts', import.meta.url);
  const child = fork(script, [path], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('The holder ended.')));
  ended.catch(() => undefined);
  await Promise.race([once(child, 'message'), ended]);
  return child;
}

describe('workOnce', () => {
  it('gives the work of one to all who ask at once', async () => {
    const path = join(await tempDir(), 'runtime');
    let result: string | undefined;
    let runs = 0;
    const ask = () =>
      workOnce({
        ...PATIENT,
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
      ...PATIENT,
      path,
      ready: async () => undefined,
      work: async () => {
        throw new Error('no luck');
      },
    });
    await expect(failing).rejects.toThrow('no luck');
    const next = workOnce({
      ...PATIENT,
      path,
      ready: async () => undefined,
      work: async () => 'luck',
    });
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
      ...PATIENT,
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
        ...PATIENT,
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
      ...PATIENT,
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
    expect(await workOnce({ ...PATIENT, path, ready: async () => undefined, work })).toBe('mine');
    expect(await readFile(`${path}.lock`, 'utf8')).toBe(OTHERS);
  });

  it('tells the work that it has lost the lock', async () => {
    const path = join(await tempDir(), 'runtime');
    const asked: string[] = [];
    await workOnce({
      ...PATIENT,
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
    expect(
      await workOnce({ ...PATIENT, path, ready: async () => 'done', work: async () => '' }),
    ).toBe('done');
    await expect(access(`${path}.lock`)).rejects.toThrow();
  });

  it.each<[string, string, number]>([
    ['of another machine, whose clock is behind', OTHERS, -3_600],
    ['of another machine, whose clock is ahead', OTHERS, 3_600],
    ['that has no name', '', 0],
  ])('takes the hold of a silent holder %s', async (_who, content, seconds) => {
    const path = join(await tempDir(), 'runtime');
    await writeFile(`${path}.lock`, content);
    const time = new Date(Date.now() + seconds * 1000);
    await utimes(`${path}.lock`, time, time);
    const started = performance.now();
    expect(await workOnce({ ...PATIENT, path, work: async () => 'mine' })).toBe('mine');
    const waited = performance.now() - started;
    expect(waited).toBeGreaterThan(1_900);
    expect(waited).toBeLessThan(5_000);
  });

  it('clears a hold whose holder was killed before it could name itself', async () => {
    const path = join(await tempDir(), 'runtime');
    await writeFile(`${path}.lock`, '');
    expect(await clearDeadHold(path)).toBe(true);
    await expect(access(`${path}.lock`)).rejects.toThrow();
    await writeFile(`${path}.lock`, '');
    let tidied = false;
    await tidyHeld(path, async () => {
      tidied = true;
    });
    expect(tidied).toBe(true);
    await expect(access(`${path}.lock`)).rejects.toThrow();
  });

  it('leaves a hold whose holder is about to name itself', async () => {
    const path = join(await tempDir(), 'runtime');
    await writeFile(`${path}.lock`, '');
    const named = JSON.stringify({ ...thisProcess(), token: 'theirs' });
    setTimeout(() => writeFileSync(`${path}.lock`, named), 100);
    expect(await clearDeadHold(path)).toBe(false);
    expect(await readFile(`${path}.lock`, 'utf8')).toBe(named);
  });

  it('leaves the hold of a holder of another machine that shows itself', async () => {
    const path = join(await tempDir(), 'runtime');
    let beats = 0;
    const beating = setInterval(() => {
      beats += 1;
      writeFileSync(`${path}.lock`, `${OTHERS}${beats}`);
    }, 500);
    await expect.poll(() => beats).toBeGreaterThan(0);
    const asked = workOnce({ ...PATIENT, path, work: async () => 'never', timeoutMs: 4_000 });
    await expect(asked).rejects.toMatchObject({ code: 'STORE_BUSY' });
    clearInterval(beating);
  });

  it('does not take its own sleep for the silence of another', async () => {
    const path = join(await tempDir(), 'runtime');
    const child = await holder(path);
    const asked = workOnce({ ...PATIENT, path, work: async () => 'never', timeoutMs: 1_000 });
    const failed = expect(asked).rejects.toMatchObject({ code: 'STORE_BUSY' });
    try {
      await new Promise((resolve) => setTimeout(resolve, 100));
      child.kill('SIGSTOP');
      // The machine sleeps, and both with it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
      // The holder is the last to wake: nothing but our own sleep has passed by then.
      await failed;
    } finally {
      child.kill('SIGKILL');
    }
  });

  it.each<[string, object]>([
    ['that started at another time', { pid: process.ppid, started: '1' }],
    ['that has this very number and an earlier start', { pid: process.pid, started: '1' }],
  ])('knows at once that a process %s is another one', async (_what, owner) => {
    const path = join(await tempDir(), 'runtime');
    const { space } = thisProcess();
    await writeFile(`${path}.lock`, JSON.stringify({ ...owner, space, token: 'theirs' }));
    const started = performance.now();
    expect(await workOnce({ ...PATIENT, path, work: async () => 'mine' })).toBe('mine');
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('is made again in a directory that others remove when it is empty', async () => {
    const dir = join(await tempDir(), 'builds');
    const removing = setInterval(() => void rmdir(dir).catch(() => undefined), 0);
    for (let round = 0; round < 100; round += 1) {
      await workOnce({ ...PATIENT, path: join(dir, 'install'), work: async () => true });
    }
    clearInterval(removing);
  });

  it('gives up with STORE_BUSY when a live holder outlasts the patience', async () => {
    const path = join(await tempDir(), 'runtime');
    const child = await holder(path);
    try {
      const asked = workOnce({
        ...PATIENT,
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
        ...PATIENT,
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
