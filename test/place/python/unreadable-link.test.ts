import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { installIntoDirectory } from '../../../src/place/python/directory.ts';
import { failure } from '../../support/failure.ts';
import { PATIENT } from '../../support/held.ts';
import { pipLike, shownVersions } from '../../support/pip-like.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Whether the disk gives no more answers: it begins once `current` leads to the new build. */
const disk = { fails: false, failsAfterSwitch: false };

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const refuse = (call: string) => {
    if (disk.fails) throw Object.assign(new Error(`EIO: ${call}`), { code: 'EIO', errno: -5 });
  };
  return {
    ...real,
    readlink: async (path: string) => {
      refuse('readlink');
      return await real.readlink(path);
    },
    rename: async (from: string, to: string) => {
      refuse('rename');
      await real.rename(from, to);
      disk.fails = disk.failsAfterSwitch && to.endsWith('current');
    },
  };
});

it('keeps the build that was switched to while no link can be read', async () => {
  const prefix = await tempDir();
  const install = (version: string) =>
    installIntoDirectory({
      prefix,
      importName: 'codex_cli_bin',
      entrypoint: 'bin/codex',
      fill: (target) => pipLike(target, version),
      ...PATIENT,
    });
  await install('0.115.0');
  disk.failsAfterSwitch = true;
  await failure(install('0.116.0'));
  Object.assign(disk, { fails: false, failsAfterSwitch: false });
  const build = await realpath(join(prefix, '.codex_cli_bin/current'));
  expect(await readdir(build)).toContain('codex_cli_bin');
  await install('0.116.0');
  expect(await shownVersions(prefix, '0.116.0')).toEqual(['0.116.0', '0.116.0', '0.116.0']);
});
