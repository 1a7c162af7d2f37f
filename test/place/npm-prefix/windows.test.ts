import { lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { planPackage } from '../../../src/package/stage/index.ts';
import {
  type InstalledPackage,
  installNodePackage,
  isHealthy,
  type Leftover,
  loadInstalled,
  type PrefixLayout,
  prefixLayout,
  uninstallNodePackage,
} from '../../../src/place/index.ts';
import { sealFiles } from '../../../src/store/index.ts';
import { PATIENT } from '../../support/held.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';
import {
  countRenames,
  killAtRename,
  onWindows,
  refusals,
  revive,
  withoutLinks,
  withoutRealpath,
  withoutStat,
} from '../../support/windows-disk.ts';

vi.mock('node:fs/promises', async (original) => {
  const { windowsDisk } = await import('../../support/windows-disk.ts');
  return windowsDisk(await original<typeof import('node:fs/promises')>());
});
vi.mock('node:fs', async (original) => {
  const { windowsDiskSync } = await import('../../support/windows-disk.ts');
  return windowsDiskSync(await original<typeof import('node:fs')>());
});

const NAME = 'codex-cli-bin';

interface Wish {
  readonly version?: string;
  readonly target?: string;
  readonly force?: boolean;
}

async function install(
  layout: PrefixLayout,
  { version = '0.115.0', target = 'win32-x64', force = false }: Wish = {},
): Promise<{ installed: InstalledPackage; leftovers: Leftover[] }> {
  const runtime = await miniatureRuntime(await tempDir(), { version, target });
  await sealFiles(runtime.dir, runtime.manifest.files);
  const plan = await planPackage({ runtime, ecosystem: 'node' });
  const leftovers: Leftover[] = [];
  const onLeftover = (leftover: Leftover) => leftovers.push(leftover);
  const installed = await installNodePackage({ plan, layout, force, onLeftover, ...PATIENT });
  return { installed, leftovers };
}

async function layoutIn(options: { global?: boolean } = {}): Promise<PrefixLayout> {
  const { global = false } = options;
  return prefixLayout({ prefix: await tempDir(), global, platform: 'win32' });
}

const buildsOf = ({ prefix, global, modules }: PrefixLayout) =>
  join(global ? modules : prefix, `.${NAME}`);
const buildNames = async (layout: PrefixLayout) =>
  (await readdir(buildsOf(layout)).catch(() => [])).sort();

async function versionIn(layout: PrefixLayout): Promise<string | undefined> {
  const found = await loadInstalled(layout, NAME);
  if (found === undefined) return undefined;
  expect(await isHealthy(layout, found)).toBe(true);
  return found.version;
}

describe('a build that runs while it is replaced', () => {
  it('stays as a leftover, and the next installation removes it', async () => {
    const layout = await layoutIn();
    onWindows();
    await install(layout);
    const [old = ''] = await buildNames(layout);
    refusals.running.push(join(buildsOf(layout), old));
    const { installed, leftovers } = await install(layout, { version: '0.116.0' });
    expect(installed.version).toBe('0.116.0');
    expect(leftovers).toEqual([{ path: join(buildsOf(layout), old), inUse: true }]);
    expect(await versionIn(layout)).toBe('0.116.0');
    refusals.running.length = 0;
    expect((await install(layout, { version: '0.116.0' })).leftovers).toEqual([]);
    expect(await buildNames(layout)).toHaveLength(1);
  });

  it('is out of sight once uninstalled, and the next uninstallation removes the rest', async () => {
    const layout = await layoutIn();
    onWindows();
    await install(layout);
    const [old = ''] = await buildNames(layout);
    refusals.running.push(join(buildsOf(layout), old));
    const first = await uninstallNodePackage(layout, NAME, PATIENT);
    expect(first).toMatchObject({ removed: true, leftovers: [{ inUse: true }] });
    expect(await loadInstalled(layout, NAME)).toBeUndefined();
    refusals.running.length = 0;
    expect(await uninstallNodePackage(layout, NAME, PATIENT)).toEqual({
      removed: true,
      leftovers: [],
    });
    expect(await buildNames(layout)).toEqual([]);
    expect(await uninstallNodePackage(layout, NAME, PATIENT)).toMatchObject({ removed: false });
  });
});

describe('a codex.cmd of another program', () => {
  const FOREIGN = '@"C:\\tools\\other.exe" %*\r\n';

  it.each(['codex.cmd', 'codex.ps1', 'codex'])(
    'is not taken for ours as %s, and outlives our package',
    async (name) => {
      const layout = await layoutIn();
      onWindows();
      const { installed } = await install(layout);
      expect(await isHealthy(layout, installed)).toBe(true);
      await writeFile(join(layout.bin, name), FOREIGN);
      expect(await isHealthy(layout, installed)).toBe(false);
      await uninstallNodePackage(layout, NAME, PATIENT);
      expect(await readdir(layout.bin)).toEqual([name]);
      expect(await readFile(join(layout.bin, name), 'utf8')).toBe(FOREIGN);
    },
  );

  it('is not replaced in a global prefix without force, although our package is there', async () => {
    const layout = await layoutIn({ global: true });
    onWindows();
    await install(layout);
    await writeFile(join(layout.bin, 'codex.ps1'), FOREIGN);
    await expect(install(layout, { version: '0.116.0' })).rejects.toMatchObject({
      code: 'PREFIX_INVALID',
      fields: { path: join(layout.bin, 'codex.ps1') },
    });
    await install(layout, { version: '0.116.0', force: true });
    expect(await versionIn(layout)).toBe('0.116.0');
  });

  it("is ours as npm's own shim of the same executable", async () => {
    const layout = await layoutIn();
    onWindows();
    const { installed } = await install(layout);
    const shim = await readFile(join(layout.bin, 'codex.cmd'), 'utf8');
    expect(shim).toContain('%dp0%\\..\\codex-cli-bin\\bin\\codex.exe');
    expect(await isHealthy(layout, installed)).toBe(true);
  });
});

describe('where native realpath fails', () => {
  it('installs, and keeps the build that it has linked', async () => {
    const layout = await layoutIn();
    withoutRealpath();
    const { installed } = await install(layout, { target: 'linux-x64' });
    const { installed: next } = await install(layout, { version: '0.116.0', target: 'linux-x64' });
    expect(await isHealthy(layout, next)).toBe(true);
    expect(installed.dir).toBe(next.dir);
    expect(await buildNames(layout)).toHaveLength(1);
  });

  it('removes nothing while it cannot tell which build is the package', async () => {
    const layout = await layoutIn();
    await install(layout, { target: 'linux-x64' });
    await mkdir(join(buildsOf(layout), '0.1.0-other'));
    const before = await buildNames(layout);
    const unblock = withoutStat();
    await uninstallNodePackage(layout, 'another', PATIENT).catch(() => undefined);
    const { listLeftovers } = await import('../../../src/place/index.ts');
    expect(await listLeftovers(layout, NAME)).toEqual([]);
    unblock();
    expect(await buildNames(layout)).toEqual(before);
    expect(await listLeftovers(layout, NAME)).toEqual([join(buildsOf(layout), '0.1.0-other')]);
  });
});

describe.each([
  ['a switch of junctions', () => onWindows()],
  ['a switch of directories, where there are no links', () => withoutLinks()],
])('%s', (_, surroundings) => {
  it('leaves the old package or the new one, healed by the first to read, at every kill', async () => {
    const layout = await layoutIn();
    surroundings();
    await install(layout);
    killAtRename(0);
    await install(layout, { version: '0.116.0' });
    const renames = countRenames();
    expect(renames).toBeGreaterThan(1);
    const seen = new Set<string | undefined>();
    for (let nth = 1; nth <= renames; nth += 1) {
      revive();
      const again = await layoutIn();
      await install(again);
      killAtRename(nth);
      await install(again, { version: '0.116.0' }).catch(() => undefined);
      revive();
      // Its hold too is that of a process which is gone.
      await rm(join(buildsOf(again), 'install.lock'), { force: true });
      const version = await versionIn(again);
      expect(['0.115.0', '0.116.0'], `after a kill at rename ${nth}`).toContain(version);
      seen.add(version);
      await install(again, { version: '0.116.0' });
      expect(await versionIn(again)).toBe('0.116.0');
      const left = await buildNames(again);
      expect(
        left.filter((name) => !name.startsWith('0.116.0')),
        String(left),
      ).toEqual([]);
    }
    expect(seen).toContain('0.115.0');
  });

  it('does not bring back what was uninstalled', async () => {
    const layout = await layoutIn();
    surroundings();
    await install(layout);
    await install(layout, { version: '0.116.0' });
    await uninstallNodePackage(layout, NAME, PATIENT);
    expect(await loadInstalled(layout, NAME)).toBeUndefined();
    expect(await readdir(layout.prefix)).toEqual([]);
  });
});

describe('a file system without links', () => {
  it('gets the package as a directory of its own, which every step finds whole', async () => {
    const layout = await layoutIn();
    withoutLinks();
    const { installed } = await install(layout);
    expect((await lstat(installed.dir)).isDirectory()).toBe(true);
    expect(await versionIn(layout)).toBe('0.115.0');
    expect(await buildNames(layout)).toEqual([]);
    await install(layout, { version: '0.116.0' });
    expect(await versionIn(layout)).toBe('0.116.0');
    expect(await buildNames(layout)).toEqual([]);
    // npm would take a file: entry of a directory that is not there for a broken tree.
    expect(await readdir(layout.prefix)).not.toContain('package.json');
    expect((await uninstallNodePackage(layout, NAME, PATIENT)).removed).toBe(true);
    expect(await readdir(layout.prefix)).toEqual([]);
  });

  it('gets a build for Linux without a command', async () => {
    const layout = await layoutIn();
    withoutLinks();
    const { installed } = await install(layout, { target: 'linux-x64' });
    expect(await isHealthy(layout, installed)).toBe(true);
    expect(await readdir(layout.bin)).toEqual([]);
  });
});

it('a Linux build on Windows needs no privilege: it has no command there', async () => {
  const layout = await layoutIn();
  onWindows();
  const { installed } = await install(layout, { target: 'linux-x64' });
  expect(await readlink(installed.dir)).toContain(buildsOf(layout));
  expect(await isHealthy(layout, installed)).toBe(true);
});
