import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { mount, whyNoMounts } from '../support/mount.ts';
import { runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

/** What an image layer brought: a store and a prefix, below an overlay as containers have it. */
async function baked(words = ['install', '1.2.3', '--prefix', 'p']) {
  const github = await startLoopbackGitHub({
    releases: await Promise.all(['1.2.3', '1.2.4'].map((version) => miniatureRelease(version))),
  });
  onTestFinished(() => github.close());
  const root = await tempDir();
  await mount(join(root, 'layers'), 'size=64m');
  const layer = (name: string) => join(root, 'layers', name);
  const dir = join(root, 'merged');
  for (const name of ['lower', 'upper', 'work']) await mkdir(layer(name));
  await mkdir(dir);
  const bare = { dir: layer('lower'), env: github.env };
  const run = await runCli(words, bare);
  expect(run, run.stderr).toMatchObject({ status: 0 });
  const parts = `lowerdir=${layer('lower')},upperdir=${layer('upper')},workdir=${layer('work')}`;
  // As Docker mounts it.
  const options = `${parts},redirect_dir=off`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, dir]);
  onTestFinished(() => {
    execFileSync('umount', [dir]);
  });
  const store = join(dir, 'home/store/1.2.3');
  // The reason for this test: if it may be renamed, nothing is shown.
  await expect(rename(store, `${store}.moved`)).rejects.toMatchObject({ code: 'EXDEV' });
  return { around: { dir, env: github.env }, dir, store };
}

async function damage(store: string): Promise<void> {
  const [target = ''] = await readdir(store);
  await rm(join(store, target, 'package/bin/codex'));
}

it.skipIf(whyNoMounts !== null).each<[string, readonly string[], boolean]>([
  ['a forced installation', ['install', '1.2.3', '--prefix', 'p', '--force'], false],
  ['a repair', ['which', '1.2.3'], true],
  ['the removal of a version', ['uninstall', '1.2.3'], false],
  ['the removal of a package', ['uninstall', '--prefix', 'p'], false],
  ['an upgrade', ['install', '1.2.4', '--prefix', 'p'], false],
  ['pruning', ['prune', '--unused-for', '0s'], false],
])(
  `in a store that an image layer brought, %s works${whyNoMounts ?? ''}`,
  async (_what, words, damaged) => {
    // Of a file in a layer the number of names never changes.
    const prunes = words[0] === 'prune';
    const { around, dir, store } = await baked(prunes ? ['which', '1.2.3'] : undefined);
    if (damaged) await damage(store);
    const run = await runCli(words, around);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(await readdir(join(dir, 'home/staging'))).toEqual([]);
    const gone = prunes || (words[1] === '1.2.3' && words[0] === 'uninstall');
    expect((await readdir(join(dir, 'home/store'))).includes('1.2.3')).toBe(!gone);
    const next = await runCli(['install', '1.2.3', '--prefix', 'p'], around);
    expect(next, next.stderr).toMatchObject({ status: 0 });
  },
);

it.skipIf(whyNoMounts !== null)(
  `a package that npm installed in a layer is replaced${whyNoMounts ?? ''}`,
  async () => {
    const { around, dir } = await baked();
    const link = join(dir, 'q/node_modules/codex-cli-bin');
    await mkdir(link, { recursive: true });
    await writeFile(join(link, 'package.json'), '{}');
    const run = await runCli(['install', '1.2.3', '--prefix', 'q'], around);
    expect(run, run.stderr).toMatchObject({ status: 0 });
  },
);
