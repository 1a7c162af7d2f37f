import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { diagnose } from '../../src/doctor/index.ts';
import { holdPath } from '../../src/store/index.ts';
import { finding, healthyPatient } from '../support/patient.ts';

/** A patient with one lock, of the store or of the prefix, and the process that holds it. */
async function locked(where: 'store' | 'prefix') {
  const { options } = await healthyPatient();
  const path =
    where === 'store'
      ? holdPath(options.home, '0.115.0', 'x86_64-unknown-linux-musl')
      : join(options.prefix, '.codex-cli-bin/install');
  const script = new URL('../store/fixtures/holder.ts', import.meta.url);
  const child = fork(script, [path], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return { options, child, lock: `${path}.lock` };
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

describe.each(['store', 'prefix'] as const)('of the locks of the %s, the doctor finds', (where) => {
  it('who is at work', async () => {
    const { options, child, lock } = await locked(where);
    expect(await finding(options, 'lock')).toMatchObject({
      status: 'ok',
      fields: { path: lock, pid: child.pid, state: 'held' },
    });
  });

  it.skipIf(process.platform === 'win32')(
    'a holder that has stopped, and how to end it',
    async () => {
      const { options, child } = await locked(where);
      child.kill('SIGSTOP');
      const found = await finding(options, 'lock');
      expect(found).toMatchObject({ status: 'warn', fields: { pid: child.pid, state: 'silent' } });
      expect(found.advice).toContain(`kill ${child.pid}`);
      expect((await diagnose(options)).healthy).toBe(true);
    },
  );

  it('one whose holder is gone', async () => {
    const { options, child, lock } = await locked(where);
    await end(child);
    expect(await finding(options, 'lock')).toMatchObject({
      status: 'warn',
      advice: expect.any(String),
      fields: { path: lock, pid: child.pid, state: 'gone' },
    });
  });
});

describe('of the locks of other machines, the doctor finds', () => {
  it('those that are renewed, and those that are not any more', async () => {
    const { options } = await healthyPatient();
    const path = `${holdPath(options.home, '0.115.0', 'x86_64-unknown-linux-musl')}.lock`;
    await mkdir(dirname(path), { recursive: true });
    const theirs = JSON.stringify({ pid: process.pid, space: 'elsewhere', token: 'theirs' });
    await writeFile(path, theirs);
    let beats = 0;
    const beating = setInterval(() => {
      beats += 1;
      writeFileSync(path, `${theirs}${beats}`);
    }, 300);
    expect(await finding(options, 'lock')).toMatchObject({ fields: { pid: null, state: 'held' } });
    clearInterval(beating);
    expect(await finding(options, 'lock')).toMatchObject({ fields: { pid: null, state: 'gone' } });
  });

  it('none where nobody is at work', async () => {
    const { options } = await healthyPatient();
    expect(await finding(options, 'lock')).toMatchObject({ status: 'ok', fields: {} });
  });
});
