import { execFile } from 'node:child_process';
import { lstat, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { installRuntime } from '../../../src/operations/install-runtime.ts';
import { uninstallRuntime } from '../../../src/operations/uninstall-runtime.ts';
import { prefixLayout } from '../../../src/place/index.ts';
import { failure } from '../../support/failure.ts';
import { healthyPatient } from '../../support/patient.ts';
import { storedRuntime } from '../../support/stored-runtime.ts';

const run = promisify(execFile);
const NPM = ['--no-audit', '--no-fund', '--omit=optional', '--ignore-scripts'];

/** A project, and what its installations say of the command. */
async function project(packageJson = '{"name":"mine","private":true}') {
  const { options } = await healthyPatient();
  await storedRuntime(options.home);
  await mkdir(options.prefix);
  await writeFile(join(options.prefix, 'package.json'), packageJson);
  const layout = prefixLayout({ prefix: options.prefix, global: false, platform: 'linux' });
  const said: (string | null)[] = [];
  const install = (more = {}) =>
    installRuntime({
      ...options,
      ...more,
      onProgress: (event) => {
        if (event.type === 'installed') said.push(event.replaced);
      },
    });
  const npm = (...words: string[]) => run('npm', [...words, ...NPM], { cwd: options.prefix });
  return { options, layout, install, said, npm, command: join(layout.bin, 'codex') };
}

describe("a project that depends on npm's @openai/codex", () => {
  it('hears whose command codex was, and has it back after an uninstallation', async () => {
    const { options, install, said, npm, command } = await project();
    await npm('install', '@openai/codex@0.101.0');
    const theirs = await readlink(command);
    expect(theirs).toBe('../@openai/codex/bin/codex.js');
    await install();
    expect(said).toEqual(['@openai/codex']);
    expect(await readlink(command)).toBe('../codex-cli-bin/bin/codex');
    await install({ force: false });
    await uninstallRuntime(options);
    expect(await readlink(command)).toBe(theirs);
    // What npm removes it does not give back; npm rebuild does, as the message says.
    await install();
    expect(said).toEqual(['@openai/codex', '@openai/codex']);
    await npm('install', 'is-odd@3.0.1');
    await expect(readlink(command)).rejects.toMatchObject({ code: 'ENOENT' });
    await npm('rebuild', '@openai/codex');
    expect(await readlink(command)).toBe(theirs);
  });

  it('gives back nothing to a package that names a file outside of itself', async () => {
    const { options, layout, install, command } = await project();
    await install();
    await mkdir(join(layout.modules, 'evil'));
    const bin = JSON.stringify({ bin: { codex: '../../../package.json' } });
    await writeFile(join(layout.modules, 'evil/package.json'), bin);
    await uninstallRuntime(options);
    await expect(lstat(command)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

it("takes over a manager's shim, and says whose it was", async () => {
  const { layout, install, said, command } = await project();
  await mkdir(layout.bin, { recursive: true });
  const shim =
    '#!/bin/sh\nbasedir=$(dirname "$0")\nexec node "$basedir/../@openai/codex/bin/codex.js" "$@"\n';
  await writeFile(command, shim);
  await install();
  expect(said).toEqual(['@openai/codex']);
});

it.each([
  ['a script', (path: string) => writeFile(path, '#!/bin/sh\necho mine\n')],
  ['a link to somewhere else', (path: string) => symlink('../../mine.js', path)],
  ['a large file', (path: string) => writeFile(path, Buffer.alloc(1 << 20))],
])('refuses %s that belongs to no package, unless forced', async (_, make) => {
  const { layout, install, said, command } = await project();
  await mkdir(layout.bin, { recursive: true });
  await make(command);
  const before = await readFile(command).catch(() => readlink(command));
  expect(await failure(install())).toMatchObject({
    code: 'PREFIX_INVALID',
    fields: { path: command },
    hint: expect.stringContaining('--force'),
  });
  expect(await readFile(command).catch(() => readlink(command))).toEqual(before);
  await storedRuntime((await healthyPatient()).options.home);
  expect(said).toEqual([]);
});
