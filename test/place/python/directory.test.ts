import { execFileSync } from 'node:child_process';
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { installIntoDirectory, tidyDirectory } from '../../../src/place/python/directory.ts';
import { failure } from '../../support/failure.ts';
import { PATIENT } from '../../support/held.ts';
import { PIP_SCRIPT, pipLike, shownVersions } from '../../support/pip-like.ts';
import { tempDir } from '../../support/temp-dir.ts';

const importName = 'codex_cli_bin';
const BUILDS = '.codex_cli_bin';

function install(
  prefix: string,
  version: string,
  fill: (target: string) => Promise<void> = (target) => pipLike(target, version),
) {
  return installIntoDirectory({ prefix, importName, entrypoint: 'bin/codex', fill, ...PATIENT });
}

const metadata = (version: string) => `codex_cli_bin-${version}.dist-info`;

/** Installs while another process takes the lock, which ends the installation. */
async function installAndLoseLock(prefix: string, version: string): Promise<void> {
  const stolen = install(prefix, version, async (target) => {
    await pipLike(target, version);
    await writeFile(join(prefix, BUILDS, 'install.lock'), OTHERS);
  });
  expect(await failure(stolen)).toMatchObject({ code: 'STORE_BUSY' });
}

describe('installIntoDirectory', () => {
  it('shows one version in the package, its metadata and its command, and keeps no other build', async () => {
    const prefix = await tempDir();
    for (const version of ['0.115.0', '0.116.0', '0.115.0']) {
      await install(prefix, version);
      expect(await shownVersions(prefix, version)).toEqual([version, version, version]);
      const names = [BUILDS, 'bin', importName, metadata(version)];
      expect((await readdir(prefix)).sort()).toEqual(names);
      expect(await readdir(join(prefix, BUILDS))).toHaveLength(2);
      // Nobody is to find pip's script, which needs PYTHONPATH.
      const built = await readdir(join(prefix, BUILDS, 'current'));
      expect(built.sort()).toEqual([importName, 'dist-info']);
    }
  });

  it('leaves the present package whole while pip fills the next, and when pip fails', async () => {
    const prefix = await tempDir();
    await install(prefix, '0.115.0');
    const before = await readdir(join(prefix, BUILDS));
    const failing = install(prefix, '0.116.0', async (target) => {
      await pipLike(target, '0.116.0');
      expect(await shownVersions(prefix, '0.115.0')).toEqual(['0.115.0', '0.115.0', '0.115.0']);
      throw new Error('pip broke');
    });
    await expect(failing).rejects.toThrow('pip broke');
    expect(await shownVersions(prefix, '0.115.0')).toEqual(['0.115.0', '0.115.0', '0.115.0']);
    expect(await readdir(join(prefix, BUILDS))).toEqual(before);
  });

  it('takes the place of directories and of a script that pip made, and of links to elsewhere', async () => {
    const prefix = await tempDir();
    await pipLike(prefix, '0.114.0');
    await install(prefix, '0.115.0');
    expect(await shownVersions(prefix, '0.115.0')).toEqual(['0.115.0', '0.115.0', '0.115.0']);
    await rm(join(prefix, importName));
    const elsewhere = await tempDir();
    await symlink(elsewhere, join(prefix, importName));
    await install(prefix, '0.116.0');
    expect(await shownVersions(prefix, '0.116.0')).toEqual(['0.116.0', '0.116.0', '0.116.0']);
    expect(await readdir(elsewhere)).toEqual([]);
    expect(await readdir(join(prefix, BUILDS))).toHaveLength(2);
    expect(await readdir(prefix)).not.toContain(metadata('0.114.0'));
  });

  it('lets one at a time work', async () => {
    const prefix = await tempDir();
    let working = 0;
    let most = 0;
    const fill = (version: string) => async (target: string) => {
      working += 1;
      most = Math.max(most, working);
      await pipLike(target, version);
      await sleep(100);
      working -= 1;
    };
    const versions = ['0.115.0', '0.116.0', '0.117.0'];
    await Promise.all(versions.map((version) => install(prefix, version, fill(version))));
    expect(most).toBe(1);
    const [last = ''] = (await readdir(prefix)).filter((name) => name.endsWith('.dist-info'));
    const version = /\d+\.\d+\.\d+/.exec(last)?.[0] ?? '';
    expect(await shownVersions(prefix, version)).toEqual([version, version, version]);
  });

  it('does not lead the package to a build that another holder of the lock may have removed', async () => {
    const prefix = await tempDir();
    await install(prefix, '0.115.0');
    await installAndLoseLock(prefix, '0.116.0');
    expect(await shownVersions(prefix, '0.115.0')).toEqual(['0.115.0', '0.115.0', '0.115.0']);
    await rm(join(prefix, BUILDS, 'install.lock'));
    expect(await readdir(join(prefix, BUILDS))).toHaveLength(2);
  });

  it('touches nothing of what pip made before its own build is complete', async () => {
    const prefix = await tempDir();
    await pipLike(prefix, '0.114.0');
    await installAndLoseLock(prefix, '0.115.0');
    expect((await lstat(join(prefix, importName))).isDirectory()).toBe(true);
    expect(await readFile(join(prefix, 'bin/codex'), 'utf8')).toBe(PIP_SCRIPT);
  });

  it('keeps its build when a name fails after all lead to it, and the next run mends that', async () => {
    const prefix = await tempDir();
    await install(prefix, '0.115.0');
    // A name that is still allowed, and none any more with what it is called meanwhile.
    const long = `0.116.0+${'x'.repeat(200)}`;
    await mkdir(join(prefix, metadata(long)));
    await failure(install(prefix, long));
    expect(await readFile(join(prefix, importName, '__init__.py'), 'utf8')).toContain('0.116.0');
    await install(prefix, '0.117.0');
    expect(await shownVersions(prefix, '0.117.0')).toEqual(['0.117.0', '0.117.0', '0.117.0']);
    expect(await readdir(join(prefix, BUILDS))).toHaveLength(2);
  });

  it('writes nothing through a link in place of its builds', async () => {
    const [prefix, elsewhere] = [await tempDir(), await tempDir()];
    await symlink(elsewhere, join(prefix, BUILDS));
    expect(await failure(install(prefix, '0.115.0'))).toMatchObject({ code: 'PREFIX_INVALID' });
    expect([await readdir(elsewhere), await readdir(prefix)]).toEqual([[], [BUILDS]]);
  });
});

describe('tidyDirectory', () => {
  it('removes other builds and metadata of other versions, and nothing that is present', async () => {
    const prefix = await tempDir();
    await install(prefix, '0.115.0');
    const present = await realpath(join(prefix, BUILDS, 'current'));
    await mkdir(join(prefix, BUILDS, '00000000-0000-4000-8000-000000000000'));
    await mkdir(join(prefix, metadata('0.114.0')));
    await mkdir(join(prefix, 'codex_cli_bin_extra-1.0.dist-info'));
    await tidyDirectory({ prefix, importName });
    expect(await shownVersions(prefix, '0.115.0')).toEqual(['0.115.0', '0.115.0', '0.115.0']);
    expect(await realpath(join(prefix, BUILDS, 'current'))).toBe(present);
    expect(await readdir(join(prefix, BUILDS))).toHaveLength(2);
    expect((await readdir(prefix)).filter((name) => name.endsWith('.dist-info')).sort()).toEqual([
      metadata('0.115.0'),
      'codex_cli_bin_extra-1.0.dist-info',
    ]);
  });

  it('removes nothing any more once another process has taken its lock over', async () => {
    const prefix = await tempDir();
    await install(prefix, '0.115.0');
    const lock = join(prefix, BUILDS, 'install.lock');
    const described = join(prefix, BUILDS, 'current/dist-info/METADATA');
    const theirs = join(prefix, BUILDS, '00000000-0000-4000-8000-000000000000');
    await mkdir(theirs);
    // Whoever reads a pipe waits for a writer: so we know when the lock is held.
    await rm(described);
    execFileSync('mkfifo', [described]);
    const tidying = tidyDirectory({ prefix, importName });
    const pipe = await open(described, 'w');
    await writeFile(lock, OTHERS);
    await pipe.writeFile('Version: 0.115.0\n');
    await pipe.close();
    await tidying;
    expect(await readdir(theirs)).toEqual([]);
  });

  it('leaves alone what another process is at work on', async () => {
    const prefix = await tempDir();
    await install(prefix, '0.115.0');
    const theirs = join(prefix, BUILDS, '00000000-0000-4000-8000-000000000000');
    await mkdir(theirs);
    await install(prefix, '0.116.0', async (target) => {
      await mkdir(theirs, { recursive: true });
      await tidyDirectory({ prefix, importName });
      expect(await readdir(theirs)).toEqual([]);
      await pipLike(target, '0.116.0');
    });
    expect(await readFile(join(prefix, 'bin/codex'), 'utf8')).toContain('0.116.0');
  });
});

const OTHERS = JSON.stringify({ pid: 1, space: 'elsewhere', token: 'theirs' });
