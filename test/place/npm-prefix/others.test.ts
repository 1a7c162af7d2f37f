import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureRuntime } from '../../../src/operations/ensure-runtime.ts';
import { installRuntime } from '../../../src/operations/install-runtime.ts';
import { localPrefix } from '../../../src/place/npm-prefix/layout.ts';
import { whyNotNobody } from '../../support/as-nobody.ts';
import { failure } from '../../support/failure.ts';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { tempDir } from '../../support/temp-dir.ts';

const STRANGER = 54_321;

describe(`a project that others could have made${whyNotNobody ?? ''}`, () => {
  const test = it.skipIf(whyNotNobody !== null);

  async function shared() {
    const root = await tempDir();
    const cwd = join(root, 'own');
    await mkdir(cwd);
    return { root, cwd };
  }

  test.each([
    ['belongs to a stranger', (path: string, _root: string) => chown(path, STRANGER, STRANGER)],
    ['lies where everybody can write', (_path: string, root: string) => chmod(root, 0o1777)],
  ])('is not the prefix where it %s', async (_what, make) => {
    const { root, cwd } = await shared();
    const file = join(root, 'package.json');
    await writeFile(file, '{}');
    expect(localPrefix(cwd)).toBe(root);
    await make(file, root);
    expect(localPrefix(cwd)).toBe(cwd);
  });

  test('does not decide what runs, unless its prefix is named', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const { root, cwd } = await shared();
    const options = {
      cwd,
      home: join(cwd, 'home'),
      env: { HOME: cwd, PATH: '/usr/bin:/bin', ...github.env },
      host: { platform: 'linux', arch: 'x64' },
    };
    const { package: installed } = await installRuntime({
      ...options,
      prefix: root,
      version: '1.2.3',
    });
    expect(await ensureRuntime(options)).toMatchObject({ source: 'prefix' });
    await chmod(root, 0o1777);
    expect((await failure(ensureRuntime(options))).code).toBe('PIN_MISSING');
    const there = { ...options, cwd: root };
    await chmod(join(root, 'node_modules'), 0o777);
    expect((await failure(ensureRuntime(there))).code).toBe('PIN_MISSING');
    expect(await ensureRuntime({ ...there, prefix: root })).toMatchObject({ source: 'prefix' });
    expect(installed.dir).toContain(root);
  });

  test('does not lend its package by a link of a stranger', async () => {
    const { root, cwd } = await shared();
    await mkdir(join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), join(root, 'node_modules'));
    expect(localPrefix(cwd)).toBe(root);
    await chown(join(root, 'elsewhere'), STRANGER, STRANGER);
    expect(localPrefix(cwd)).toBe(cwd);
  });
});
