import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { makeReadOnly, mount, whyNoMounts } from '../../support/mount.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const INSTALL = ['install', '1.2.3', '--prefix', 'p'];
const PYTHON = [...INSTALL, '--ecosystem', 'python'];
const STAGE = ['stage', '1.2.3', '--out', 'p/out'];
const PACK = ['pack', '1.2.3', '--targets', 'linux-x64', '--out', 'p/out'];
const DOWNLOAD = ['download', '1.2.3', '--out', 'p'];

/** What a hint names, by where the directory lies. */
const PREFIX = '--prefix';
const HOME = '--home or CODEX_RUNTIME_HOME';
const OUT = '--out';

/** What the command says with `--json`; it must not have asked anybody for anything. */
async function refusal(dir: string, args: readonly string[]) {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const run = await runCli([...args, '--json'], { dir, env: github.env });
  expect(github.requests).toEqual([]);
  return { status: run.status, ...document(run) };
}

describe('before anything is fetched', () => {
  it.each([
    ['a prefix', 'p', INSTALL, 'PREFIX_INVALID'],
    ['node_modules', 'p/node_modules', INSTALL, 'PREFIX_INVALID'],
    ["npm's global layout", 'p/lib', [...INSTALL, '-g'], 'PREFIX_INVALID'],
    ['a directory of Python packages', 'p', PYTHON, 'INSTALL_FAILED'],
    ['the store', 'home/store', INSTALL, 'INSTALL_FAILED'],
    ['the store, for which', 'home/store', ['which', '1.2.3'], 'INSTALL_FAILED'],
    ['staging', 'home/staging', INSTALL, 'INSTALL_FAILED'],
    ['unfinished downloads', 'home/partial', INSTALL, 'INSTALL_FAILED'],
    ['a staged package', 'p/out', STAGE, 'PREFIX_INVALID'],
    ["npm's root package", 'p/out', [...STAGE, '--root'], 'PREFIX_INVALID'],
    ['a release', 'p/out', PACK, 'PREFIX_INVALID'],
    ['a release, below', 'p', PACK, 'PREFIX_INVALID'],
    ['a mirror', 'p', DOWNLOAD, 'INSTALL_FAILED'],
  ])('a file in the place of %s is refused with 8', async (_, file, args, code) => {
    const dir = await tempDir();
    await mkdir(join(dir, file, '..'), { recursive: true });
    await writeFile(join(dir, file), 'mine');
    expect(await refusal(dir, args)).toMatchObject({ status: 8, code });
  });

  it.skipIf(whyNoMounts !== null).each([
    ['a prefix', 'p', INSTALL, PREFIX],
    ['node_modules', 'p/node_modules', INSTALL, PREFIX],
    ['.bin', 'p/node_modules/.bin', INSTALL, PREFIX],
    ['the builds of an earlier installation', 'p/.codex-cli-bin', INSTALL, PREFIX],
    ["npm's global layout", 'p/bin', [...INSTALL, '-g'], PREFIX],
    ['a directory of Python packages', 'p', PYTHON, PREFIX],
    ['the commands of Python packages', 'p/bin', PYTHON, PREFIX],
    ['the builds of a Python package', 'p/.codex_cli_bin', PYTHON, PREFIX],
    ['the store', 'home/store', INSTALL, HOME],
    ['the runtimes of one version', 'home/store/1.2.3', INSTALL, HOME],
    ['a home', 'home', INSTALL, HOME],
    ['a home, for which', 'home', ['which', '1.2.3'], HOME],
    ['a staged package', 'p', STAGE, OUT],
    ['a release', 'p', PACK, OUT],
    ['a mirror', 'p', DOWNLOAD, OUT],
    ['a part of a mirror', 'p/1.2.3', DOWNLOAD, OUT],
  ])(`%s that may not be written is an 8${whyNoMounts ?? ''}`, async (_, at, args, option) => {
    const dir = await tempDir();
    await mount(join(dir, at), 'size=1m');
    if (args === DOWNLOAD) await mkdir(join(dir, at, '.partial'));
    makeReadOnly(join(dir, at));
    const hint = `Use ${option} to name a directory that you may write to.`;
    expect(await refusal(dir, args)).toMatchObject({ status: 8, code: 'PERMISSION_DENIED', hint });
  });

  it.skipIf(whyNoMounts !== null).each([
    ['the prefix, for its package.json,', 'p', ['node_modules', '.codex-cli-bin'], INSTALL],
    ['node_modules, for the link,', 'p/node_modules', ['.bin'], INSTALL],
    ['a directory, for the links of Python,', 'p', ['bin', '.codex_cli_bin'], PYTHON],
  ])(`%s that alone may not be written is an 8${whyNoMounts ?? ''}`, async (...row) => {
    const [, at, writable, args] = row;
    const dir = await tempDir();
    await mount(join(dir, at), 'size=1m');
    for (const name of writable) await mount(join(dir, at, name), 'size=1m');
    makeReadOnly(join(dir, at));
    expect(await refusal(dir, args)).toMatchObject({ status: 8, code: 'PERMISSION_DENIED' });
  });

  it('a directory where the command has to be, and a link for the builds, are refused', async () => {
    const dir = await tempDir();
    await mkdir(join(dir, 'p/node_modules/.bin/codex'), { recursive: true });
    expect(await refusal(dir, INSTALL)).toMatchObject({ status: 8, code: 'PREFIX_INVALID' });
    await mkdir(join(dir, 'q/node_modules'), { recursive: true });
    await symlink(dir, join(dir, 'q/node_modules/.codex-cli-bin'));
    const linked = await refusal(dir, ['install', '1.2.3', '--prefix', 'q']);
    expect(linked).toMatchObject({ status: 8, code: 'PREFIX_INVALID' });
  });

  it.each([
    ['stage', STAGE],
    ['pack', PACK],
  ])('%s refuses a directory with files of others', async (_, args) => {
    const dir = await tempDir();
    await mkdir(join(dir, 'p/out'), { recursive: true });
    await writeFile(join(dir, 'p/out/mine'), 'mine');
    expect(await refusal(dir, args)).toMatchObject({ status: 8, code: 'PREFIX_INVALID' });
    expect(await readdir(join(dir, 'p/out'))).toEqual(['mine']);
  });
});
