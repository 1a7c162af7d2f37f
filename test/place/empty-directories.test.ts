import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planPackage } from '../../src/package/stage/index.ts';
import { installNodePackage, prefixLayout, uninstallNodePackage } from '../../src/place/index.ts';
import { installIntoDirectory } from '../../src/place/python/directory.ts';
import { removeFromDirectory } from '../../src/place/python/remove-from-directory.ts';
import { sealFiles } from '../../src/store/index.ts';
import { failure } from '../support/failure.ts';
import { PATIENT } from '../support/held.ts';
import { miniatureRuntime } from '../support/miniature-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const NAMES = ['codex-cli-bin', '@example/codex'];

async function plan(name: string) {
  const runtime = await miniatureRuntime(await tempDir());
  await sealFiles(runtime.dir, runtime.manifest.files);
  return await planPackage({ runtime, ecosystem: 'node', name });
}

/** A plan one of whose files cannot be had. */
async function broken(name: string) {
  const whole = await plan(name);
  const files = whole.files.map((file) =>
    'from' in file ? { ...file, from: join(file.from, 'missing') } : file,
  );
  return { ...whole, files };
}

const everything = (dir: string) => readdir(dir, { recursive: true });

describe.each([false, true])("an npm prefix (npm's global layout: %s)", (global) => {
  const layoutIn = (prefix: string) => prefixLayout({ prefix, global, platform: 'linux' });

  it.each(NAMES)('that was made for an installation of %s which failed is gone', async (name) => {
    const dir = await tempDir();
    const request = { plan: await broken(name), layout: layoutIn(join(dir, 'p')), force: false };
    await failure(installNodePackage({ ...request, ...PATIENT }));
    expect(await everything(dir)).toEqual([]);
  });

  it.each(NAMES)('that was there keeps what it had when one of %s fails', async (name) => {
    const prefix = await tempDir();
    const { modules, bin } = layoutIn(prefix);
    for (const path of [modules, bin]) await mkdir(path, { recursive: true });
    await writeFile(join(modules, 'other'), '');
    const before = await everything(prefix);
    const request = { plan: await broken(name), layout: layoutIn(prefix), force: false };
    await failure(installNodePackage({ ...request, ...PATIENT }));
    expect(await everything(prefix)).toEqual(before);
  });
});

describe('an uninstallation', () => {
  it.each(NAMES)('of %s leaves nothing in a prefix that was ours', async (name) => {
    const prefix = await tempDir();
    const layout = prefixLayout({ prefix, global: false, platform: 'linux' });
    await installNodePackage({ plan: await plan(name), layout, force: false, ...PATIENT });
    expect((await uninstallNodePackage(layout, name, PATIENT)).removed).toBe(true);
    expect(await everything(prefix)).toEqual([]);
  });

  it("leaves a project's own directories", async () => {
    const prefix = await tempDir();
    await writeFile(join(prefix, 'package.json'), '{"name":"mine"}');
    await mkdir(join(prefix, 'node_modules', '.bin'), { recursive: true });
    await writeFile(join(prefix, 'node_modules', '.bin', 'tsc'), '');
    const layout = prefixLayout({ prefix, global: false, platform: 'linux' });
    const before = await everything(prefix);
    const [name = ''] = NAMES;
    await installNodePackage({ plan: await plan(name), layout, force: false, ...PATIENT });
    await uninstallNodePackage(layout, name, PATIENT);
    expect(await everything(prefix)).toEqual(before);
  });
});

describe('a directory of Python packages', () => {
  const names = { distribution: 'codex-cli-bin', importName: 'codex_cli_bin' };

  it('that was made for an installation which failed is gone', async () => {
    const dir = await tempDir();
    const prefix = join(dir, 't');
    const fill = () => Promise.reject(new Error('pip fails'));
    const request = { ...names, prefix, entrypoint: 'bin/codex', fill, ...PATIENT };
    await expect(installIntoDirectory(request)).rejects.toThrow('pip fails');
    expect(await everything(dir)).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('has no empty bin after an uninstallation', async () => {
    const prefix = join(await tempDir(), 't');
    const fill = async (build: string) => {
      const inside = join(build, names.importName, 'bin');
      await mkdir(inside, { recursive: true });
      await writeFile(join(inside, 'codex'), '');
      await writeFile(join(build, names.importName, 'runtime.json'), '{}');
      await mkdir(join(build, `${names.importName}-1.2.3.dist-info`));
      await writeFile(
        join(build, `${names.importName}-1.2.3.dist-info`, 'METADATA'),
        'Version: 1.2.3\n',
      );
    };
    await installIntoDirectory({ ...names, prefix, entrypoint: 'bin/codex', fill, ...PATIENT });
    expect(await removeFromDirectory({ ...names, prefix }, PATIENT)).toBe(true);
    expect(await everything(prefix)).toEqual([]);
  });
});
