import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { packLocalWheel } from '../../../src/package/pack/index.ts';
import { planPackage } from '../../../src/package/stage/index.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);
const PIP = ['-m', 'pip', 'install', '--no-index', '--no-deps', '--disable-pip-version-check'];

async function wheelOf(version: string): Promise<string> {
  const runtime = await miniatureRuntime(await tempDir(), { version });
  return packLocalWheel(await planPackage({ runtime, ecosystem: 'python' }), await tempDir());
}

/** The script that a wheel of this version has. */
async function scriptOf(version: string): Promise<Buffer> {
  const runtime = await miniatureRuntime(await tempDir(), { version });
  const { files } = await planPackage({ runtime, ecosystem: 'python' });
  const script = files.find(({ path }) => path.endsWith('.data/scripts/codex'));
  return script !== undefined && 'content' in script ? script.content : Buffer.from('');
}

describe.skipIf(process.platform === 'win32')("a wheel's own codex", () => {
  it('is found and starts without Python, through links too', async () => {
    const dir = await tempDir();
    await run('python3', ['-m', 'venv', join(dir, 'venv')]);
    const wheel = await wheelOf('1.2.3');
    await run(join(dir, 'venv/bin/python'), [...PIP, wheel]);
    const command = join(dir, 'venv/bin/codex');
    expect(await readFile(command, 'utf8')).toMatch(/^#!\/bin\/sh\n/);
    await symlink('venv/bin/codex', join(dir, 'relative'));
    await symlink(join(dir, 'relative'), join(dir, 'absolute'));
    for (const path of [command, join(dir, 'relative'), join(dir, 'absolute')]) {
      // No Python is on this PATH.
      const { stdout } = await run(path, ['--version'], { env: { PATH: '/usr/bin:/bin' } });
      expect(stdout).toBe('codex-cli 1.2.3\n');
    }
    await run(join(dir, 'venv/bin/python'), ['-m', 'pip', 'uninstall', '--yes', 'codex-cli-bin']);
    await expect(readFile(command)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('works where pip install --target put it, without PYTHONPATH', async () => {
    const site = join(await tempDir(), 'a site');
    await run('python3', [...PIP, `--target=${site}`, await wheelOf('1.2.3')]);
    const { stdout } = await run(join(site, 'bin/codex'), [], { env: {} });
    expect(stdout).toBe('codex-cli 1.2.3\n');
    const here = await run('sh', ['codex'], { cwd: join(site, 'bin') });
    expect(here.stdout).toBe('codex-cli 1.2.3\n');
  });

  it('takes the package of its own version where several Pythons share a directory', async () => {
    const user = await tempDir();
    for (const [version, python] of [
      ['1.2.2', 'python3.9'],
      ['1.2.3', 'python3.10'],
      ['1.2.4', 'python3.11'],
    ]) {
      const packages = join(user, `lib/${python}/site-packages`);
      await mkdir(join(packages, `codex_cli_bin-${version}.dist-info`), { recursive: true });
      await mkdir(join(packages, 'codex_cli_bin/bin'), { recursive: true });
      const codex = join(packages, 'codex_cli_bin/bin/codex');
      await writeFile(codex, `#!/bin/sh\necho ${version} "$@"\n`, { mode: 0o755 });
    }
    await mkdir(join(user, 'bin'));
    for (const [name, version] of [
      ['codex', '1.2.3'],
      ['lost', '9.9.9'],
    ] as const) {
      await writeFile(join(user, 'bin', name), await scriptOf(version), { mode: 0o755 });
    }
    expect((await run(join(user, 'bin/codex'), ['a b', '*'])).stdout).toBe('1.2.3 a b *\n');
    await expect(run(join(user, 'bin/lost'))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Install it again'),
    });
  });
});
