import { execFile } from 'node:child_process';
import {
  access,
  appendFile,
  constants,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { planPackage } from '../../../src/package/stage/index.ts';
import {
  type InstalledPackage,
  installNodePackage,
  isHealthy,
  loadInstalled,
  type PrefixLayout,
  prefixLayout,
  uninstallNodePackage,
} from '../../../src/place/index.ts';
import { packageHold } from '../../../src/place/npm-prefix/package-hold.ts';
import { sealFiles, workOnce } from '../../../src/store/index.ts';
import { PATIENT } from '../../support/held.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);

interface Wish {
  readonly version?: string;
  readonly target?: string;
  readonly force?: boolean;
  readonly name?: string;
}

async function install(layout: PrefixLayout, wish: Wish = {}): Promise<InstalledPackage> {
  const runtime = await miniatureRuntime(await tempDir(), wish);
  await sealFiles(runtime.dir, runtime.manifest.files);
  const name = wish.name === undefined ? {} : { name: wish.name };
  const plan = await planPackage({ runtime, ecosystem: 'node', ...name });
  return await installNodePackage({ plan, layout, force: wish.force ?? false, ...PATIENT });
}

async function localLayout(): Promise<PrefixLayout> {
  return prefixLayout({ prefix: await tempDir(), global: false, platform: 'linux' });
}

describe('installNodePackage', () => {
  it('puts the package and its command where npm would', async () => {
    const layout = await localLayout();
    const installed = await install(layout);
    expect(installed.dir).toBe(join(layout.prefix, 'node_modules', 'codex-cli-bin'));
    const command = join(layout.prefix, 'node_modules', '.bin', 'codex');
    expect((await run(command, ['--version'])).stdout).toBe('codex-cli 0.115.0\n');
    expect(await realpath(command)).toBe(await realpath(installed.executable));
  });

  it('makes again what an uninstallation that it waited for has removed', async () => {
    const layout = await localLayout();
    await install(layout);
    const held = await packageHold(layout, 'codex-cli-bin');
    const runtime = await miniatureRuntime(await tempDir(), { version: '0.116.0' });
    await sealFiles(runtime.dir, runtime.manifest.files);
    const plan = await planPackage({ runtime, ecosystem: 'node' });
    let waiting: Promise<InstalledPackage> | undefined;
    await workOnce({
      ...PATIENT,
      path: held,
      work: async () => {
        await new Promise<void>((resolve) => {
          const request = { plan, layout, force: false, signal: undefined };
          waiting = installNodePackage({ ...request, onWait: () => resolve() });
          waiting.catch(() => resolve());
        });
        await rm(layout.bin, { recursive: true });
      },
    });
    expect((await waiting)?.version).toBe('0.116.0');
    const { stdout } = await run(join(layout.bin, 'codex'), ['--version']);
    expect(stdout).toBe('codex-cli 0.116.0\n');
  });

  it('shares its files with the store instead of copying them', async () => {
    const layout = await localLayout();
    const { executable } = await install(layout);
    // The file system of this machine decides between a reflink (1) and a hardlink (2).
    const clone = join(layout.prefix, 'clone');
    const clones = await copyFile(executable, clone, constants.COPYFILE_FICLONE_FORCE).then(
      () => true,
      () => false,
    );
    expect((await stat(executable)).nlink).toBe(clones ? 1 : 2);
    expect((await stat(executable)).mtimeMs).toBe(Date.UTC(1985, 9, 26, 8, 15));
  });

  it('leaves npm content: npm ls names the package and no problem', async () => {
    const layout = await localLayout();
    await install(layout);
    const { stdout } = await run('npm', ['ls', '--json'], { cwd: layout.prefix });
    const listing: unknown = JSON.parse(stdout);
    expect(listing).toMatchObject({ dependencies: { 'codex-cli-bin': { version: '0.115.0' } } });
    expect(listing).not.toHaveProperty('problems');
  });

  it('survives that npm installs something else beside it', async () => {
    const layout = await localLayout();
    const { executable } = await install(layout);
    const other = await tempDir();
    await writeFile(join(other, 'package.json'), '{"name":"other","version":"1.0.0"}');
    await run('npm', ['install', other, '--offline', '--no-audit'], { cwd: layout.prefix });
    expect((await run(executable, ['--version'])).stdout).toBe('codex-cli 0.115.0\n');
    const { stdout } = await run('npx', ['--no-install', 'codex', '--version'], {
      cwd: layout.prefix,
    });
    expect(stdout).toBe('codex-cli 0.115.0\n');
  });

  it('can be imported and required by programs in the prefix', async () => {
    const layout = await localLayout();
    const { executable } = await install(layout);
    const script =
      "import { codexPath, pathDir, version, target } from 'codex-cli-bin'; console.log(JSON.stringify([codexPath(), pathDir(), version, target]))";
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: layout.prefix,
    });
    expect(JSON.parse(stdout)).toEqual([
      executable,
      join(layout.modules, 'codex-cli-bin', 'codex-path'),
      '0.115.0',
      'x86_64-unknown-linux-musl',
    ]);
  });

  it('replaces another version and keeps nothing of it', async () => {
    const layout = await localLayout();
    await install(layout, { version: '0.115.0' });
    const installed = await install(layout, { version: '0.116.0' });
    expect(installed.version).toBe('0.116.0');
    expect((await run(installed.executable, ['--version'])).stdout).toBe('codex-cli 0.116.0\n');
    const builds = await readdir(join(layout.prefix, '.codex-cli-bin'));
    expect(builds.filter((name) => name.startsWith('0.'))).toHaveLength(1);
  });

  it('replaces a directory that npm itself had put there', async () => {
    const layout = await localLayout();
    await mkdir(join(layout.modules, 'codex-cli-bin'), { recursive: true });
    await writeFile(join(layout.modules, 'codex-cli-bin', 'package.json'), '{}');
    const installed = await install(layout);
    expect(await isHealthy(layout, installed)).toBe(true);
  });

  it('names the build to npm, so that no registry is asked for it, and follows it', async () => {
    const layout = await localLayout();
    for (const version of ['0.115.0', '0.116.0']) {
      await install(layout, { version });
      const { dependencies } = JSON.parse(
        await readFile(join(layout.prefix, 'package.json'), 'utf8'),
      );
      expect(dependencies['codex-cli-bin']).toMatch(
        new RegExp(`^file:\\.codex-cli-bin/${version}-[0-9a-f]{16}/codex-cli-bin$`),
      );
      const { stdout } = await run('npm', ['ls', '--json'], { cwd: layout.prefix });
      expect(JSON.parse(stdout)).not.toHaveProperty('problems');
    }
  });

  it.each(['codex-cli-bin', '@example/codex'])(
    'gives npm what it takes to list %s and to make an SBOM',
    async (name) => {
      const layout = await localLayout();
      await install(layout, { name });
      const npm = { cwd: layout.prefix };
      const { stdout: tree } = await run('npm', ['ls'], npm);
      expect(tree).toContain(`${name}@0.115.0 -> ./.${name}/0.115.0-`);
      // npm writes stars for what it takes to be a secret.
      expect(tree).not.toContain('***');
      for (const format of ['cyclonedx', 'spdx']) {
        const { stdout } = await run('npm', ['sbom', '--sbom-format', format], npm);
        const { components, packages } = JSON.parse(stdout);
        expect(components ?? packages).toContainEqual(expect.objectContaining({ name }));
      }
    },
  );

  it('gives a package.json of an earlier version a name too, and adds nothing to others', async () => {
    const layout = await localLayout();
    await install(layout);
    const path = join(layout.prefix, 'package.json');
    const earlier = { 'codex-cli-bin': 'file:node_modules/.codex-cli-bin/0.115.0-x' };
    await writeFile(path, JSON.stringify({ private: true, dependencies: earlier }));
    await install(layout, { version: '0.116.0' });
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      name: 'codex-runtime-prefix',
      version: '0.0.0',
      private: true,
    });
    await writeFile(path, JSON.stringify({ license: 'MIT', dependencies: earlier }));
    await install(layout, { version: '0.116.0' });
    expect(Object.keys(JSON.parse(await readFile(path, 'utf8')))).toEqual([
      'license',
      'dependencies',
    ]);
  });

  it('replaces a build in node_modules, where earlier versions had it', async () => {
    const layout = await localLayout();
    const { dir } = await install(layout);
    const earlier = join(layout.modules, '.codex-cli-bin/0.115.0-old');
    await mkdir(join(earlier, '..'));
    await rename(await realpath(dir), earlier);
    await rm(dir);
    await symlink('.codex-cli-bin/0.115.0-old', dir);
    const before = await loadInstalled(layout, 'codex-cli-bin');
    expect(before !== undefined && (await isHealthy(layout, before))).toBe(true);
    const installed = await install(layout, { version: '0.116.0' });
    expect(await isHealthy(layout, installed)).toBe(true);
    expect(await readdir(layout.modules)).toEqual(['.bin', 'codex-cli-bin']);
    expect(await readdir(join(layout.prefix, '.codex-cli-bin'))).toHaveLength(1);
  });

  it('keeps a package.json that nests too deep to be written again', async () => {
    const layout = await localLayout();
    await install(layout);
    const path = join(layout.prefix, 'package.json');
    const deep = `"more":${'['.repeat(100_000)}${']'.repeat(100_000)},`;
    const text = (await readFile(path, 'utf8')).replace('{', `{${deep}`);
    await writeFile(path, text);
    await install(layout, { version: '0.116.0' });
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await uninstallNodePackage(layout, 'codex-cli-bin', PATIENT)).toMatchObject({
      removed: true,
    });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it("keeps a package.json that is the user's", async () => {
    const layout = await localLayout();
    await writeFile(join(layout.prefix, 'package.json'), '{"name":"mine"}');
    await install(layout);
    expect(await readFile(join(layout.prefix, 'package.json'), 'utf8')).toBe('{"name":"mine"}');
  });

  it('lays out a global prefix as npm does', async () => {
    const prefix = await tempDir();
    const layout = prefixLayout({ prefix, global: true, platform: 'linux' });
    await install(layout);
    const command = join(prefix, 'bin', 'codex');
    expect((await run(command, ['--version'])).stdout).toBe('codex-cli 0.115.0\n');
    expect(await readlink(command)).toBe('../lib/node_modules/codex-cli-bin/bin/codex');
    const { stdout } = await run('npm', ['ls', '-g', '--json', '--prefix', prefix]);
    expect(JSON.parse(stdout)).toMatchObject({ dependencies: { 'codex-cli-bin': {} } });
  });

  it('refuses a global prefix whose codex is not ours, unless forced', async () => {
    const prefix = await tempDir();
    const layout = prefixLayout({ prefix, global: true, platform: 'linux' });
    await mkdir(layout.bin);
    await symlink('../elsewhere/codex.js', join(layout.bin, 'codex'));
    await expect(install(layout)).rejects.toMatchObject({ code: 'PREFIX_INVALID' });
    expect(await readlink(join(layout.bin, 'codex'))).toBe('../elsewhere/codex.js');
    await install(layout, { force: true });
    expect(await readlink(join(layout.bin, 'codex'))).toContain('codex-cli-bin');
  });

  it.each([
    ['codex', {}],
    ['codex', { force: true }],
    ['codex.new', {}],
    ['codex.cmd', { target: 'win32-x64' }],
  ])('refuses a directory at .bin/%s before anything changes', async (name, wish) => {
    const layout = await localLayout();
    await mkdir(join(layout.bin, name), { recursive: true });
    await writeFile(join(layout.bin, name, 'kept'), '');
    await expect(install(layout, wish)).rejects.toMatchObject({ code: 'PREFIX_INVALID' });
    expect(await readdir(layout.prefix, { recursive: true })).toEqual([
      'node_modules',
      'node_modules/.bin',
      `node_modules/.bin/${name}`,
      `node_modules/.bin/${name}/kept`,
    ]);
  });

  it('leaves what is not its own among the builds, and refuses a link in their place', async () => {
    const layout = await localLayout();
    await mkdir(join(layout.modules, '.pnpm', 'lib'), { recursive: true });
    await install(layout, { name: 'pnpm' });
    await uninstallNodePackage(layout, 'pnpm', PATIENT);
    expect(await readdir(join(layout.modules, '.pnpm'))).toContain('lib');
    const elsewhere = await tempDir();
    for (const place of [layout.modules, layout.prefix]) {
      const link = join(place, '.codex-cli-bin');
      await symlink(elsewhere, link);
      await expect(install(layout)).rejects.toMatchObject({ code: 'PREFIX_INVALID' });
      await rm(link);
    }
    expect(await readdir(elsewhere)).toEqual([]);
  });

  it('takes a scoped name', async () => {
    const layout = await localLayout();
    const installed = await install(layout, { name: '@example/codex' });
    expect(installed.dir).toBe(join(layout.modules, '@example', 'codex'));
    expect(await isHealthy(layout, installed)).toBe(true);
    const { stdout } = await run('npm', ['ls', '--json'], { cwd: layout.prefix });
    expect(JSON.parse(stdout)).not.toHaveProperty('problems');
  });

  it('makes command shims for a Windows target', async () => {
    const layout = await localLayout();
    const installed = await install(layout, { target: 'win32-x64' });
    const shim = await readFile(join(layout.bin, 'codex.cmd'), 'utf8');
    expect(shim).toContain('codex-cli-bin\\bin\\codex.exe');
    expect(await isHealthy(layout, installed)).toBe(true);
  });

  it('refuses a prefix that is a file', async () => {
    const file = join(await tempDir(), 'file');
    await writeFile(file, '');
    const layout = prefixLayout({ prefix: file, global: false, platform: 'linux' });
    await expect(install(layout)).rejects.toMatchObject({ code: 'PREFIX_INVALID', exitStatus: 8 });
  });
});

describe('isHealthy', () => {
  it('sees a changed executable and a stolen command', async () => {
    const layout = await localLayout();
    const installed = await install(layout);
    expect(await isHealthy(layout, installed)).toBe(true);
    const link = join(layout.bin, 'codex');
    await run('ln', ['-sf', '/bin/true', link]);
    expect(await isHealthy(layout, installed)).toBe(false);
  });

  it('sees a file of the package that was edited or is gone', async () => {
    const layout = await localLayout();
    const installed = await install(layout);
    await appendFile(join(installed.dir, 'index.js'), '// edited');
    expect(await isHealthy(layout, installed)).toBe(false);
    const again = await install(layout);
    await rm(join(again.dir, 'index.d.ts'));
    expect(await isHealthy(layout, again)).toBe(false);
  });

  it('looks at the time of what the package brings, as at that of the runtime', async () => {
    const { dir } = await install(await localLayout());
    const { mtimeMs } = await stat(join(dir, 'bin/codex'));
    expect(await stat(join(dir, 'index.js'))).toMatchObject({ mtimeMs });
  });

  it('sees a write through the shared inode', async () => {
    const layout = await localLayout();
    const installed = await install(layout);
    await writeFile(installed.executable, '#!/bin/sh\necho evil-cli 0.115.0\n');
    expect(await isHealthy(layout, installed)).toBe(false);
  });
});

describe('uninstallNodePackage', () => {
  it('removes the package, its builds and its command', async () => {
    const layout = await localLayout();
    await install(layout);
    expect(await uninstallNodePackage(layout, 'codex-cli-bin', PATIENT)).toMatchObject({
      removed: true,
    });
    expect(await loadInstalled(layout, 'codex-cli-bin')).toBeUndefined();
    expect(await readdir(layout.prefix)).toEqual([]);
  });

  it("leaves somebody else's command", async () => {
    const layout = await localLayout();
    await install(layout);
    await run('ln', ['-sf', '/bin/true', join(layout.bin, 'codex')]);
    await uninstallNodePackage(layout, 'codex-cli-bin', PATIENT);
    expect((await lstat(join(layout.bin, 'codex'))).isSymbolicLink()).toBe(true);
  });

  it('says when there is nothing to remove', async () => {
    const layout = await localLayout();
    await expect(access(layout.modules)).rejects.toThrow();
    expect(await uninstallNodePackage(layout, 'codex-cli-bin', PATIENT)).toMatchObject({
      removed: false,
    });
  });
});
