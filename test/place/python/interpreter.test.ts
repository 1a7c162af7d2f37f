import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PythonOptions, pythonEnvironment } from '../../../src/place/index.ts';
import { settingsOf } from '../../../src/request/index.ts';
import { failure } from '../../support/failure.ts';
import { tempDir } from '../../support/temp-dir.ts';

const environmentOf = async (options: PythonOptions) =>
  pythonEnvironment(options, settingsOf(options));

const host = { platform: 'linux', arch: 'x64' };

/** A directory that looks like what `python -m venv` makes. */
async function environmentAt(dir: string): Promise<string> {
  await mkdir(join(dir, 'bin'), { recursive: true });
  await writeFile(join(dir, 'pyvenv.cfg'), 'home = /usr/bin\n');
  await symlink('/usr/bin/true', join(dir, 'bin/python'));
  return join(dir, 'bin/python');
}

describe('pythonEnvironment', () => {
  it('takes the interpreter that is named before any environment', async () => {
    const cwd = await tempDir();
    await environmentAt(join(cwd, '.venv'));
    const env = { VIRTUAL_ENV: join(cwd, '.venv') };
    const named = async (python: string) =>
      (await environmentOf({ cwd, env, host, python })).python;
    expect(await named('python3.12')).toBe('python3.12');
    expect(await named('other/bin/python')).toBe(join(cwd, 'other/bin/python'));
  });

  it('takes the active environment, and then a .venv in the working directory', async () => {
    const cwd = await tempDir();
    const active = await environmentAt(join(cwd, 'active'));
    const conda = await environmentAt(join(cwd, 'conda'));
    const here = await environmentAt(join(cwd, '.venv'));
    const chosen = async (env: Readonly<Record<string, string>>) =>
      (await environmentOf({ cwd, env, host })).python;
    const CONDA_PREFIX = join(cwd, 'conda');
    expect(await chosen({ VIRTUAL_ENV: join(cwd, 'active'), CONDA_PREFIX })).toBe(active);
    expect(await chosen({ VIRTUAL_ENV: 'active' })).toBe(active);
    expect(await chosen({ CONDA_PREFIX, CONDA_DEFAULT_ENV: 'work' })).toBe(conda);
    expect(await chosen({ CONDA_PREFIX, CONDA_DEFAULT_ENV: 'base' })).toBe(here);
    expect(await chosen({ VIRTUAL_ENV: '' })).toBe(here);
  });

  it('asks for a name where there is no environment, and takes no global interpreter', async () => {
    const cwd = await tempDir();
    const error = await failure(environmentOf({ cwd, env: process.env, host }));
    expect(error).toMatchObject({ code: 'USAGE', exitStatus: 2 });
    expect(error.hint).toContain('--python');
    // A directory that only has the name is not an environment.
    await mkdir(join(cwd, '.venv/bin'), { recursive: true });
    await symlink('/usr/bin/true', join(cwd, '.venv/bin/python'));
    await expect(environmentOf({ cwd, env: {}, host })).rejects.toThrow('no .venv');
  });

  it('runs any Python for a directory, whatever environment lies here', async () => {
    const cwd = await tempDir();
    await environmentAt(join(cwd, '.venv'));
    const options = { cwd, env: {}, prefix: 'site' };
    const python = async (platform: string) =>
      (await environmentOf({ ...options, host: { platform, arch: 'x64' } })).python;
    expect(await python('linux')).toBe('python3');
    expect(await python('win32')).toBe('python');
  });

  it('names an active environment that is gone, and does not pass over it', async () => {
    const cwd = await tempDir();
    await environmentAt(join(cwd, '.venv'));
    const env = { VIRTUAL_ENV: join(cwd, 'gone') };
    const error = await failure(environmentOf({ cwd, env, host }));
    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('VIRTUAL_ENV') });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'refuses a .venv that another user made, or may write',
    async () => {
      const cwd = await tempDir();
      const python = await environmentAt(join(cwd, '.venv'));
      const chosen = () => environmentOf({ cwd, env: {}, host });
      await chown(join(cwd, '.venv'), 1234, 1234);
      expect(await failure(chosen())).toMatchObject({
        code: 'USAGE',
        hint: expect.stringContaining(`--python ${python}`),
      });
      // A checkout of another user is theirs as a whole: whoever works in it trusts them.
      await chown(cwd, 1234, 1234);
      expect((await chosen()).python).toBe(python);
      await chmod(cwd, 0o1777);
      expect(await failure(chosen())).toMatchObject({ code: 'USAGE' });
    },
  );
});
