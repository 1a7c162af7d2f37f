import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ownedName } from '../../src/disk/owned-name.ts';
import { asNobody, whyNotNobody } from '../support/as-nobody.ts';
import { mount, whyNoMounts } from '../support/mount.ts';
import { finding, healthyPatient } from '../support/patient.ts';

const OWNED_NAME = fileURLToPath(new URL('../../src/disk/owned-name.ts', import.meta.url));

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

  it('whether a home can be used, and leaves nothing there, on every platform', async () => {
    const { dir, options } = await healthyPatient();
    for (const platform of ['linux', 'win32'] as const) {
      const home = join(dir, platform);
      await mkdir(home);
      const host = { platform, arch: 'x64' };
      expect(await finding({ ...options, home, host }, 'home')).toMatchObject({ status: 'ok' });
      expect(await readdir(home)).toEqual([]);
    }
  });

  it('whether they can be used, and clears what a doctor left that was killed', async () => {
    const { options } = await healthyPatient();
    const { home, prefix } = options;
    const killed = execFileSync(process.execPath, [
      ...['--import', 'tsx', '--input-type=module', '-e'],
      `import { ownedName } from ${JSON.stringify(OWNED_NAME)}; process.stdout.write(ownedName());`,
    ]).toString();
    const left = `.codex-runtime-${killed}`;
    const living = `.codex-runtime-${ownedName()}`;
    for (const dir of [home, prefix]) {
      for (const name of [left, living, '.codex-runtime-mine'])
        await mkdir(join(dir, name), { recursive: true });
      await writeFile(join(dir, left, 'probe'), '');
    }
    for (const id of ['home', 'prefix']) {
      expect(await finding(options, id)).toMatchObject({ status: 'ok' });
    }
    for (const dir of [home, prefix]) {
      expect((await readdir(dir)).sort()).toEqual([living, '.codex-runtime-mine'].sort());
    }
  });

  it.skipIf(whyNotNobody !== null)(
    `a home and a prefix that may not be written to${whyNotNobody ?? ''}`,
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

  it.skipIf(whyNoMounts !== null)(`a read-only home${whyNoMounts ?? ''}`, async () => {
    const { options } = await healthyPatient();
    await mount(options.home, 'size=1m,ro');
    expect(await finding(options, 'home')).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it.skipIf(whyNoMounts !== null)(
    `a home from which programs may not run${whyNoMounts ?? ''}`,
    async () => {
      const { options } = await healthyPatient();
      expect(await finding(options, 'home.exec')).toMatchObject({ status: 'ok' });
      await mount(options.home, 'size=1m,noexec');
      expect(await finding(options, 'home.exec')).toMatchObject({
        status: 'fail',
        code: 'PERMISSION_DENIED',
        fields: { home: options.home },
      });
      const host = { platform: 'win32', arch: 'x64' };
      expect(await finding({ ...options, host }, 'home.exec')).toMatchObject({ status: 'ok' });
    },
  );

  it.skipIf(whyNoMounts !== null)(`that it is full, or nearly${whyNoMounts ?? ''}`, async () => {
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
