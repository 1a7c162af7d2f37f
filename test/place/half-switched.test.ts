import { lstat, readdir, readlink, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadPythonRuntime } from '../../src/place/index.ts';
import { installIntoDirectory } from '../../src/place/python/directory.ts';
import { PATIENT } from '../support/held.ts';
import { pipLike } from '../support/pip-like.ts';
import { runCli } from '../support/run-cli.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A switch that was killed after the first of the two renames that Windows needs. */
async function halfSwitched(): Promise<{ dir: string; link: string; builds: string }> {
  const dir = await tempDir();
  await storedRuntime(join(dir, 'home'));
  const run = await runCli(['install', '0.115.0', '--prefix', 'p', '--offline'], { dir });
  expect(run.status, run.stderr).toBe(0);
  const link = join(dir, 'p/node_modules/codex-cli-bin');
  const builds = join(dir, 'p/.codex-cli-bin');
  await rename(link, join(builds, '0.116.0-0123456789abcdef.codex-cli-bin.replaced'));
  return { dir, link, builds };
}

it.each([
  ['list', ['list', '--json'], /"healthy": true/],
  ['verify', ['verify', '--prefix', 'p'], /0\.115\.0/],
  ['verify of everything', ['verify', '--json'], /"place": "prefix"/],
  ['doctor', ['doctor', '--prefix', 'p', '--offline'], /Codex 0\.115\.0/],
  ['exec', ['exec', '--prefix', 'p', '--offline', '--', '--version'], /codex-cli 0\.115\.0/],
  ['which', ['which', '--prefix', 'p', '--offline'], /p\/node_modules\/codex-cli-bin/],
  ['install', ['install', '0.115.0', '--prefix', 'p', '--offline', '--json'], /"source": "prefix"/],
  ['prune', ['prune', '--unused-for', '0s', '--json'], /"installed"/],
])('%s brings back a package that a killed switch had moved aside', async (_, args, said) => {
  const { dir, link } = await halfSwitched();
  const run = await runCli(args, { dir });
  expect(run.stdout, run.stderr).toMatch(said);
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect((await stat(join(link, 'bin/codex'))).isFile()).toBe(true);
});

it('uninstall removes it', async () => {
  const { dir, link, builds } = await halfSwitched();
  const run = await runCli(['uninstall', '--prefix', 'p'], { dir });
  expect(run.stdout.trim(), run.stderr).toBe(link);
  for (const path of [link, builds]) {
    await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  }
});

it('a Python package comes back when it is looked for', async () => {
  const prefix = await tempDir();
  const fill = (target: string) => pipLike(target, '0.115.0');
  const names = { prefix, importName: 'codex_cli_bin', entrypoint: 'bin/codex' };
  await installIntoDirectory({ ...names, fill, ...PATIENT });
  const builds = join(prefix, '.codex_cli_bin');
  const current = join(builds, 'current');
  const before = await readlink(current);
  await rename(current, join(builds, 'killed.current.replaced'));
  const dir = join(prefix, 'codex_cli_bin');
  expect(await loadPythonRuntime(dir)).not.toBe(undefined);
  expect(await readlink(current)).toBe(before);
  // Without anything that was moved aside there is nothing to bring back.
  await rm(current);
  expect(await loadPythonRuntime(dir)).toBe(undefined);
  expect(await readdir(builds)).not.toContain('current');
});
