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

  it('one, where two names lead to it', async () => {
    const { dir, options } = await healthyPatient();
    await program(join(dir, 'real/codex'), '#!/bin/sh\n', join(dir, 'link/codex'));
    const env = { ...options.env, PATH: `${dir}/link:${dir}/real` };
    expect(await finding({ ...options, env }, 'path')).toMatchObject({ status: 'ok' });
  });
});
