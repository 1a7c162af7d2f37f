import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { finding, healthyPatient } from '../support/patient.ts';

const ROOT = process.platform === 'linux' && process.getuid?.() === 0;
const MOUNTS = ROOT && mayMount();
/** Why a test is skipped, to follow its title. */
const NOT_ROOT = ' (skipped: only root can become nobody)';
const NO_MOUNTS = ' (skipped: no file system can be mounted here)';

/** Root of a container may lack the right. */
function mayMount(): boolean {
  const at = mkdtempSync(join(tmpdir(), 'codex-runtime-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at], { stdio: 'ignore' });
    execFileSync('umount', [at]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(at);
  }
}

/** A file system of its own, as long as the test runs. */
async function mount(at: string, options: string): Promise<void> {
  await mkdir(at, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at]);
  onTestFinished(() => {
    execFileSync('umount', [at]);
  });
}

/** Runs as nobody: root may write everywhere. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('of the disk, the doctor finds', () => {
  it('a home and a prefix that are files', async () => {
    const { dir, options } = await healthyPatient();
    const file = join(dir, 'file');
    await writeFile(file, '');
    for (const [id, place] of [
      ['home', { home: join(file, 'home') }],
      ['prefix', { prefix: file }],
    ] as const) {
      expect(await finding({ ...options, ...place }, id)).toMatchObject({ status: 'fail' });
    }
  });

  it.runIf(ROOT)(
    `a home and a prefix that may not be written to${ROOT ? '' : NOT_ROOT}`,
    async () => {
      const { dir, options } = await healthyPatient();
      await chmod(dir, 0o755);
      for (const id of ['home', 'prefix']) {
        const found = await asNobody(() => finding(options, id));
        expect(found).toMatchObject({ status: 'fail', code: 'PERMISSION_DENIED' });
        expect(found.advice).toMatch(/CODEX_RUNTIME_HOME|--prefix/);
      }
    },
  );

  it.runIf(MOUNTS)(`a read-only home${MOUNTS ? '' : NO_MOUNTS}`, async () => {
    const { options } = await healthyPatient();
    await mount(options.home, 'size=1m,ro');
    expect(await finding(options, 'home')).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it.runIf(MOUNTS)(`a home from which programs may not run${MOUNTS ? '' : NO_MOUNTS}`, async () => {
    const { options } = await healthyPatient();
    expect(await finding(options, 'home.exec')).toMatchObject({ status: 'ok' });
    await mount(options.home, 'size=1m,noexec');
    expect(await finding(options, 'home.exec')).toMatchObject({
      status: 'fail',
      code: 'PERMISSION_DENIED',
      fields: { home: options.home },
    });
  });

  it.runIf(MOUNTS)(`that it is full, or nearly${MOUNTS ? '' : NO_MOUNTS}`, async () => {
    const { options } = await healthyPatient();
    await mount(options.home, 'size=1m');
    expect(await finding(options, 'disk')).toMatchObject({ status: 'fail', code: 'DISK_FULL' });
    await mount(options.home, 'size=800m');
    expect(await finding(options, 'disk')).toMatchObject({ status: 'warn' });
    await mount(options.home, 'size=1200m');
    expect(await finding(options, 'disk')).toMatchObject({ status: 'ok' });
    expect((await stat(options.home)).isDirectory()).toBe(true);
  });
});
