import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formatLock, LOCKFILE_NAME, toIntegrity } from '../../src/lockfile/index.ts';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { uninstallRuntime } from '../../src/operations/uninstall-runtime.ts';
import {
  commitRuntime,
  findRuntime,
  holdPath,
  homeLayout,
  openStaging,
  type Runtime,
  type RuntimeKey,
  restoreReplaced,
  runtimeDir,
  workOnce,
} from '../../src/store/index.ts';
import { HELD, PATIENT } from '../support/held.ts';
import { miniatureRuntime } from '../support/miniature-runtime.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const KEY: RuntimeKey = {
  version: '0.115.0',
  target: 'x86_64-unknown-linux-musl',
  variant: 'package',
};
const READS = 200;
const ROUNDS = 20;

/** Commits over what is there, as a forced installation does under its lock. */
async function replace(home: string, files: Record<string, string> = {}): Promise<Runtime> {
  return await workOnce({
    ...PATIENT,
    path: holdPath(home, KEY.version, KEY.target),
    ready: async () => undefined,
    work: async (hold) => {
      const staging = await openStaging(home, KEY, hold);
      const { manifest } = await miniatureRuntime(staging, { files });
      await rm(join(staging, 'runtime.json'));
      return await commitRuntime(home, { staging, manifest, replace: true });
    },
  });
}

/** Reads at least {@link READS} times while it is replaced at least {@link ROUNDS} times. */
async function whileReplacing(
  replaceOnce: (round: number) => Promise<unknown>,
  read: (nth: number) => Promise<unknown>,
): Promise<void> {
  let rounds = 0;
  let reads = 0;
  const replacing = (async () => {
    for (; rounds < ROUNDS || reads < READS; rounds += 1) await replaceOnce(rounds);
  })();
  const readers = Array.from({ length: 4 }, async () => {
    for (; rounds < ROUNDS || reads < READS; reads += 1) await read(reads);
  });
  await Promise.all([replacing, ...readers]);
}

describe('replacing a runtime of the store', () => {
  it('by the same files, no read of it fails: found, linked and run', async () => {
    const home = await tempDir();
    const links = await tempDir();
    const { dir } = await storedRuntime(home);
    const executable = join(dir, 'bin/codex');
    const { ino } = await stat(dir);
    await whileReplacing(
      () => replace(home),
      async () => {
        expect(await findRuntime(home, KEY)).toBeDefined();
        await link(join(dir, 'codex-path/rg'), join(links, randomUUID()));
        expect((await run(executable, ['--version'])).stdout).toBe('codex-cli 0.115.0\n');
      },
    );
    // The directory itself was there all the time.
    expect((await stat(dir)).ino).toBe(ino);
    expect(await readdir(homeLayout(home).staging)).toEqual([]);
  });

  it('by other files, whoever asks for it waits and gets one of the two, without a network', async () => {
    const home = await tempDir();
    await storedRuntime(home);
    const host = { platform: 'linux', arch: 'x64' };
    const options = { version: KEY.version, home, cwd: home, env: {}, host, offline: true };
    await whileReplacing(
      (round) => replace(home, { 'codex-path/rg': `rg of round ${round}` }),
      async () => expect((await ensureRuntime(options)).source).toBe('store'),
    );
  });

  it('by other files, it stays the newest that there is without a network', async () => {
    const home = await tempDir();
    await storedRuntime(home);
    await storedRuntime(home, { version: '0.101.0' });
    const host = { platform: 'linux', arch: 'x64' };
    const options = { home, cwd: home, env: {}, host, offline: true };
    await whileReplacing(
      (round) => replace(home, { 'codex-path/rg': `rg of round ${round}` }),
      async (nth) => {
        const version = nth % 2 === 0 ? 'latest' : '>=0.100.0 <1.0.0';
        expect(await ensureRuntime({ ...options, version })).toMatchObject({ version: '0.115.0' });
      },
    );
  });

  it('by other files, a preview says that it would come from the store', async () => {
    const home = await tempDir();
    await storedRuntime(home);
    const host = { platform: 'linux', arch: 'x64' };
    const options = { version: KEY.version, home, cwd: home, env: {}, host, offline: true };
    await whileReplacing(
      (round) => replace(home, { 'codex-path/rg': `rg of round ${round}` }),
      async (nth) => {
        const prefix = join(home, `prefix-${nth}`);
        const plan = await installRuntime({ ...options, prefix, dryRun: true });
        expect(plan).toMatchObject({ action: 'link' });
      },
    );
  });

  it('takes what nobody verified away with the old one', async () => {
    const home = await tempDir();
    const { dir } = await storedRuntime(home);
    await writeFile(join(dir, 'codex-path', 'git'), 'evil');
    await replace(home);
    expect(await readdir(join(dir, 'codex-path'))).toEqual(['rg']);
  });

  it('gives every file a new inode, so that no damage stays', async () => {
    const home = await tempDir();
    const { dir } = await storedRuntime(home);
    const paths = ['bin/codex', 'codex-path/rg', 'runtime.json'].map((path) => join(dir, path));
    const inodes = () => Promise.all(paths.map(async (path) => (await stat(path)).ino));
    const before = await inodes();
    await replace(home);
    const after = await inodes();
    expect(after.filter((inode) => before.includes(inode))).toEqual([]);
  });
});

describe('a replacement that was killed between its renames', () => {
  /** The old runtime is aside, the new one has not come. */
  async function killed() {
    const home = await tempDir();
    const { dir } = await storedRuntime(home);
    const staging = await openStaging(home, KEY, HELD);
    await rename(dir, `${staging}.replaced`);
    const host = { platform: 'linux', arch: 'x64' };
    const options = { version: KEY.version, home, cwd: home, env: {}, host, offline: true };
    return { home, options, aside: `${staging}.replaced` };
  }

  it('is undone by the next run, without a network', async () => {
    const { home, options } = await killed();
    expect(await findRuntime(home, KEY)).toBeUndefined();
    expect(await ensureRuntime(options)).toMatchObject({ source: 'store', downloaded: 0 });
    expect(await findRuntime(home, KEY)).toBeDefined();
  });

  it.each(['latest', '^0.115.0'])(
    'is undone by the next run that names %s, without a network',
    async (version) => {
      const { home, options } = await killed();
      await storedRuntime(home, { version: '0.101.0' });
      expect(await ensureRuntime({ ...options, version })).toMatchObject({ version: '0.115.0' });
    },
  );

  it('is seen by a preview', async () => {
    const { home, options } = await killed();
    const prefix = join(home, 'prefix');
    expect(await installRuntime({ ...options, prefix, dryRun: true })).toMatchObject({
      action: 'link',
    });
  });

  it('is seen by an uninstallation, which removes what comes back', async () => {
    const { home, options } = await killed();
    const { runtimes } = await uninstallRuntime({ ...options, target: 'linux-x64' });
    expect(runtimes).toEqual([runtimeDir(home, KEY)]);
    expect(await findRuntime(home, KEY)).toBeUndefined();
    await expect(ensureRuntime(options)).rejects.toMatchObject({ code: 'OFFLINE' });
  });

  it('does not make a package in a prefix another one than the lockfile pins', async () => {
    const { options, aside } = await killed();
    const { home } = options;
    // As it was before the replacement, for the installation.
    await restoreReplaced(home, KEY, HELD);
    const assets = [
      { name: 'codex-0.115.0-linux-x64.tgz', integrity: toIntegrity('00'.repeat(64)) },
    ];
    const targets = { [KEY.target]: { assets } };
    const lock = { version: KEY.version, repo: 'openai/codex', targets };
    await writeFile(join(home, LOCKFILE_NAME), formatLock(lock));
    const there = { ...options, prefix: join(home, 'prefix') };
    await installRuntime(there);
    await rename(runtimeDir(home, KEY), aside);
    expect(await ensureRuntime(there)).toMatchObject({ source: 'prefix' });
  });

  it('is not undone when another process has taken the lock over', async () => {
    const { home, aside } = await killed();
    const lost = { verifyHeld: () => Promise.reject(new Error('taken over')) };
    await expect(restoreReplaced(home, KEY, lost)).rejects.toThrow('taken over');
    expect(await findRuntime(home, KEY)).toBeUndefined();
    expect(await readdir(join(aside, 'bin'))).toEqual(['codex']);
    expect(await restoreReplaced(home, KEY, HELD)).toBe(true);
  });

  it('is not undone with files that are not whole', async () => {
    const { home, options, aside } = await killed();
    await writeFile(join(aside, 'codex-path/rg'), 'half');
    await expect(ensureRuntime(options)).rejects.toMatchObject({ code: 'OFFLINE' });
    await expect(stat(runtimeDir(home, KEY))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
