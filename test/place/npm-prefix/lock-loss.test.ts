import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { thisProcess } from '../../../src/disk/owner.ts';
import { partialId } from '../../../src/fetch/index.ts';
import { installRuntime } from '../../../src/operations/install-runtime.ts';
import { type PackagePlan, planPackage } from '../../../src/package/stage/index.ts';
import {
  installNodePackage,
  isHealthy,
  loadInstalled,
  prefixLayout,
} from '../../../src/place/index.ts';
import { tidyPrefix } from '../../../src/place/npm-prefix/node.ts';
import { installIntoDirectory, tidyDirectory } from '../../../src/place/python/directory.ts';
import { holdPath, homeLayout, sealFiles } from '../../../src/store/index.ts';
import { PATIENT } from '../../support/held.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { healthyPatient } from '../../support/patient.ts';
import { storedRuntime } from '../../support/stored-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

const OTHERS = JSON.stringify({ pid: 1, space: 'elsewhere', token: 'theirs' });

async function planOf(version: string): Promise<PackagePlan> {
  const runtime = await miniatureRuntime(await tempDir(), { version });
  await sealFiles(runtime.dir, runtime.manifest.files);
  return await planPackage({ runtime, ecosystem: 'node' });
}

describe('an installation whose lock another takes over', () => {
  it('does not lead the package to a build that the other may have removed', async () => {
    const layout = prefixLayout({ prefix: await tempDir(), global: false, platform: 'linux' });
    await installNodePackage({ plan: await planOf('0.115.0'), layout, force: false, ...PATIENT });
    const plan = await planOf('0.116.0');
    const lock = join(layout.prefix, '.codex-cli-bin', 'install.lock');
    let losses = 0;
    const [first, ...others] = plan.files;
    if (first === undefined || !('content' in first)) throw new Error('no content comes first');
    const { content, ...file } = first;
    const stealing = {
      ...file,
      get content() {
        losses += 1;
        writeFileSync(lock, OTHERS);
        return content;
      },
    };
    const installing = installNodePackage({
      ...PATIENT,
      plan: { ...plan, files: [stealing, ...others] },
      layout,
      force: false,
    });
    await expect(installing).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect(losses).toBeGreaterThan(2);
    const found = await loadInstalled(layout, 'codex-cli-bin');
    expect(found?.version).toBe('0.115.0');
    expect(found !== undefined && (await isHealthy(layout, found))).toBe(true);
    expect(await readdir(dirname(lock))).toHaveLength(2);
    await rm(lock);
  });
});

describe('a prefix in which others are at work', () => {
  it.each([
    ['is tidied by who holds its lock', false, 1],
    ['keeps the builds of who took the lock over', true, 2],
  ])('%s', async (_, stolen, builds) => {
    const layout = prefixLayout({ prefix: await tempDir(), global: false, platform: 'linux' });
    await installNodePackage({ plan: await planOf('0.115.0'), layout, force: false, ...PATIENT });
    const dir = join(layout.prefix, '.codex-cli-bin');
    await mkdir(join(dir, '0.116.0-theirs'));
    let asked = 0;
    const watched = {
      ...layout,
      // Read between taking the lock and removing.
      get global() {
        asked += 1;
        if (stolen) writeFileSync(join(dir, 'install.lock'), OTHERS);
        return layout.global;
      },
    };
    await tidyPrefix(watched, 'codex-cli-bin');
    expect(asked).toBeGreaterThan(0);
    const left = (await readdir(dir)).filter((name) => !name.endsWith('.lock'));
    expect(left).toHaveLength(builds);
  });
});

describe('a directory of Python packages whose lock another takes over', () => {
  const importName = 'codex_cli_bin';

  /** A directory with the package in `version`, and what installs into it. */
  async function pythonDirectory() {
    const prefix = await tempDir();
    const lock = join(prefix, `.${importName}`, 'install.lock');
    const install = (version: string, meanwhile: () => void = () => undefined) =>
      installIntoDirectory({
        ...PATIENT,
        prefix,
        importName,
        entrypoint: 'bin/codex',
        fill: async (dir) => {
          await mkdir(join(dir, importName, 'bin'), { recursive: true });
          await writeFile(join(dir, importName, 'bin/codex'), version);
          await mkdir(join(dir, `${importName}-${version}.dist-info`));
          await writeFile(
            join(dir, `${importName}-${version}.dist-info/METADATA`),
            `Version: ${version}\n`,
          );
          meanwhile();
        },
      });
    await install('1.0.0');
    return { prefix, lock, install };
  }

  it('is not led to a build that the other may have removed', async () => {
    const { prefix, lock, install } = await pythonDirectory();
    let losses = 0;
    const installing = install('2.0.0', () => {
      losses += 1;
      writeFileSync(lock, OTHERS);
    });
    await expect(installing).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect(losses).toBeGreaterThan(2);
    expect(await readFile(join(prefix, importName, 'bin/codex'), 'utf8')).toBe('1.0.0');
    await rm(lock);
  });

  it.each([
    ['loses what is left over to who holds its lock', false, 2],
    ['keeps the builds of who took the lock over', true, 3],
  ])('%s', async (_, stolen, builds) => {
    const { prefix, lock } = await pythonDirectory();
    await mkdir(join(dirname(lock), 'theirs'));
    await tidyDirectory({
      importName,
      get prefix() {
        if (stolen && existsSync(lock)) writeFileSync(lock, OTHERS);
        return prefix;
      },
    });
    const left = (await readdir(dirname(lock))).filter((name) => !name.endsWith('.lock'));
    expect(left).toHaveLength(builds);
  });
});

describe('the lock of a process that died after its work', () => {
  /** The lock of a runtime, as its dead holder left it. */
  async function deadLock(home: string): Promise<string> {
    const child = spawn('true');
    await once(child, 'exit');
    const path = `${holdPath(home, '0.115.0', 'x86_64-unknown-linux-musl')}.lock`;
    await mkdir(dirname(path), { recursive: true });
    const owner = { pid: child.pid, space: thisProcess().space, token: 'theirs' };
    await writeFile(path, JSON.stringify(owner));
    return path;
  }

  it('goes with the next installation, whether it links or has nothing to do', async () => {
    const { options } = await healthyPatient();
    await storedRuntime(options.home);
    for (const source of ['store', 'prefix']) {
      const lock = await deadLock(options.home);
      expect((await installRuntime(options)).source).toBe(source);
      await expect(access(lock), source).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  it('takes along what its holder had under construction, and its download', async () => {
    const { options } = await healthyPatient();
    const { manifest } = await storedRuntime(options.home);
    for (const source of ['store', 'prefix']) {
      const { staging, partial } = await halfWork(options.home, manifest.origin.verified);
      await deadLock(options.home);
      expect((await installRuntime(options)).source).toBe(source);
      expect([existsSync(staging), existsSync(partial)], source).toEqual([false, false]);
    }
  });

  it('takes nothing along where the store lacks the runtime: it may be what is left of it', async () => {
    const { options } = await healthyPatient();
    const { dir, manifest } = await storedRuntime(options.home);
    await installRuntime(options);
    const { staging } = await halfWork(options.home, manifest.origin.verified);
    await rm(dir, { recursive: true });
    const lock = await deadLock(options.home);
    expect((await installRuntime(options)).source).toBe('prefix');
    expect([existsSync(staging), existsSync(lock)]).toEqual([true, false]);
  });
});

/** What a process leaves that is killed in the middle of an installation. */
async function halfWork(home: string, verified: Parameters<typeof partialId>[0]) {
  const { staging, partial } = homeLayout(home);
  const child = spawn('true');
  await once(child, 'exit');
  const space = createHash('sha256').update(thisProcess().space).digest('hex').slice(0, 8);
  const paths = {
    staging: join(staging, `0.115.0_x86_64-unknown-linux-musl.${randomUUID()}`),
    partial: join(partial, `${partialId(verified)}.${child.pid}-${space}-00000000`),
  };
  await mkdir(join(paths.staging, 'bin'), { recursive: true });
  await mkdir(partial, { recursive: true });
  await writeFile(paths.partial, 'the start of an archive');
  return paths;
}
