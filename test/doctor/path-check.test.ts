import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { finding, healthyPatient } from '../support/patient.ts';
import { storedRuntime } from '../support/stored-runtime.ts';

/** Puts a program at `path`, and perhaps a link to it. */
async function program(path: string, text = '#!/bin/sh\n', link?: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o755 });
  if (link === undefined) return;
  await mkdir(dirname(link), { recursive: true });
  await symlink(path, link);
}

describe('of PATH, the doctor finds', () => {
  it('no codex, or one', async () => {
    const { dir, options } = await healthyPatient();
    expect(await finding(options, 'path')).toMatchObject({ status: 'ok', fields: { codex: [] } });
    const path = join(dir, 'bin', 'codex');
    await program(path);
    const env = { ...options.env, PATH: `${dir}/nothing:${dir}/bin:${dir}/bin` };
    expect(await finding({ ...options, env }, 'path')).toMatchObject({
      status: 'ok',
      fields: { codex: [{ path, owner: 'unknown' }] },
    });
  });

  it('several, in the order of PATH, and whose they are', async () => {
    const { dir, options } = await healthyPatient();
    await storedRuntime(options.home);
    await installRuntime(options);
    const npm = join(dir, 'npm/lib/node_modules/@openai/codex');
    await program(join(npm, 'bin/codex.js'), '#!/usr/bin/env node\n', join(dir, 'npm/bin/codex'));
    await writeFile(join(npm, 'package.json'), '{"version":"0.99.0"}');
    const cellar = join(dir, 'brew/Cellar/codex/0.98.0/bin/codex');
    await program(cellar, '#!/bin/sh\n', join(dir, 'brew/bin/codex'));
    await program(join(dir, 'venv/bin/codex'), '#!/venv/bin/python3\n');
    await program(join(dir, 'home/.cargo/bin/codex'));
    await program(join(dir, 'other/codex'), '\u007fELF');
    // Neither a directory nor a file that may not be run is a command.
    await mkdir(join(dir, 'folder/codex'), { recursive: true });
    await writeFile(join(options.cwd, 'codex'), 'text', { mode: 0o644 });
    const places = [
      ...['npm/bin', 'brew/bin', 'prefix/node_modules/.bin', 'venv/bin', 'home/.cargo/bin'],
      ...['folder', '', 'other'],
    ];
    const PATH = places.map((place) => join(dir, place)).join(':');
    const found = await finding({ ...options, env: { ...options.env, PATH } }, 'path');
    expect(found.status).toBe('warn');
    expect(found.fields['codex']).toMatchObject([
      { owner: 'npm', package: '@openai/codex', version: '0.99.0' },
      { owner: 'homebrew', package: 'codex', version: '0.98.0' },
      { owner: 'codex-runtime', version: '0.115.0' },
      { owner: 'python' },
      { owner: 'cargo' },
      { owner: 'unknown' },
    ]);
    expect(found.advice).toContain('npm uninstall -g @openai/codex');
  });

  it.each([
    [
      'pnpm',
      'share/pnpm/global/5/.pnpm/c@1/node_modules/@openai/codex/bin/codex.js',
      'pnpm remove -g @openai/codex',
    ],
    [
      'bun',
      '.bun/install/global/node_modules/@openai/codex/bin/codex.js',
      'bun remove -g @openai/codex',
    ],
    [
      'yarn',
      '.config/yarn/global/node_modules/@openai/codex/bin/codex.js',
      'yarn global remove @openai/codex',
    ],
    [
      'vite-plus',
      '.vite-plus/packages/node_modules/@openai/codex/bin/codex.js',
      'vp remove -g @openai/codex',
    ],
    ['mise', 'share/mise/installs/codex/0.97.0/bin/codex', 'mise uninstall codex'],
    ['uv', 'share/uv/tools/codex-cli-bin/bin/codex', 'uv tool uninstall codex-cli-bin'],
    ['winget', 'WinGet/Packages/OpenAI.Codex_x/codex.exe', 'winget uninstall OpenAI.Codex'],
    [
      'standalone',
      '.codex/packages/standalone/releases/0.97.0-x86_64-unknown-linux-musl/bin/codex',
      null,
    ],
  ])(
    'whose one is by its place, and how its owner removes it: %s',
    async (owner, place, remove) => {
      const { dir, options } = await healthyPatient();
      await program(join(dir, place), '#!/bin/sh\n', join(dir, 'bin/codex'));
      await program(join(dir, 'other/codex'));
      const env = { ...options.env, PATH: `${dir}/bin:${dir}/other` };
      const found = await finding({ ...options, env }, 'path');
      expect(found.fields['codex']).toMatchObject([{ owner, remove }, { owner: 'unknown' }]);
      expect(found.summary).not.toContain('bin/codex (of unknown origin)');
      expect(found.advice).toContain(remove ?? 'the link');
      if (place.includes('0.97.0')) {
        expect(found.fields['codex']).toMatchObject([{ version: '0.97.0' }, {}]);
      }
    },
  );

  it('one, where two names lead to it', async () => {
    const { dir, options } = await healthyPatient();
    await program(join(dir, 'real/codex'), '#!/bin/sh\n', join(dir, 'link/codex'));
    const env = { ...options.env, PATH: `${dir}/link:${dir}/real` };
    expect(await finding({ ...options, env }, 'path')).toMatchObject({ status: 'ok' });
  });
});
