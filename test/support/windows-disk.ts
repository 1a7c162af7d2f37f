import type * as fs from 'node:fs';
import type * as promises from 'node:fs/promises';
import { onTestFinished, vi } from 'vitest';

/** What the imitated file system refuses at the moment. */
export interface Refusals {
  /** No links of any kind, as on exFAT. */
  links: boolean;
  /** Native realpath in prefixes, as on RAM disks. */
  realpath: boolean;
  /** No look at a path says what it is. */
  stat: boolean;
  /** Files below these directories are being run: they cannot be removed. */
  running: string[];
  /** The number of the rename that the process does not live to make; 0: none. */
  killedAtRename: number;
}

export const refusals: Refusals = {
  links: false,
  realpath: false,
  stat: false,
  running: [],
  killedAtRename: 0,
};

let renames = 0;

class Killed extends Error {}

const isNtfs = () => process.platform === 'win32';

function refusal(code: string, call: string): Error {
  return Object.assign(new Error(`${code}: ${call}`), { code, errno: -1, syscall: call });
}

/**
 * The calls in which NTFS differs from what Linux has: a rename replaces neither a directory nor a
 * junction, a junction's target is absolute with a backslash at its end, and a program that runs
 * cannot be removed. For `vi.mock('node:fs/promises', …)`.
 */
export function windowsDisk(real: typeof promises): Partial<typeof promises> {
  const isDirectory = async (path: string) =>
    await real.lstat(path).then(
      (stats) => stats.isDirectory() || stats.isSymbolicLink(),
      () => false,
    );
  return {
    ...real,
    async rename(from, to) {
      renames += 1;
      if (refusals.killedAtRename !== 0 && renames >= refusals.killedAtRename) throw new Killed();
      if (isNtfs() && ((await isDirectory(String(to))) || (await isOccupied(real, from, to)))) {
        throw refusal('EPERM', 'rename');
      }
      await real.rename(from, to);
    },
    async symlink(target, path, type) {
      if (refusals.links || (isNtfs() && type !== 'junction')) throw refusal('EPERM', 'symlink');
      await real.symlink(target, path);
    },
    async rm(path, options) {
      const text = String(path);
      if (refusals.killedAtRename !== 0 && renames >= refusals.killedAtRename) throw new Killed();
      if (refusals.running.some((dir) => text === dir)) throw refusal('EPERM', 'unlink');
      await real.rm(path, options);
    },
  };
}

/** The calls that are made without the thread pool. For `vi.mock('node:fs', …)`. */
export function windowsDiskSync(real: typeof fs): Partial<typeof fs> {
  const native = (path: string) => {
    if (refusals.realpath && path.includes('node_modules')) throw refusal('EISDIR', 'realpath');
    return real.realpathSync.native(path);
  };
  return {
    ...real,
    realpathSync: Object.assign((path: string) => real.realpathSync(path), {
      native,
    }) as typeof real.realpathSync,
    lstatSync: ((path, options) => {
      if (refusals.stat) throw refusal('EIO', 'lstat');
      return real.lstatSync(path, options);
    }) as typeof real.lstatSync,
  };
}

/** A directory does not take the place of a file either. */
async function isOccupied(
  real: typeof promises,
  from: promises.FileHandle | string | Buffer | URL | unknown,
  to: unknown,
): Promise<boolean> {
  const moved = await real.lstat(String(from));
  if (moved.isFile()) return false;
  return await real.lstat(String(to)).then(
    () => true,
    () => false,
  );
}

/** Lets `process.platform` be Windows' for this test, and nothing be refused. */
export function onWindows(): void {
  reset();
  const platform = vi.spyOn(process, 'platform', 'get').mockReturnValue('win32');
  onTestFinished(() => {
    platform.mockRestore();
    reset();
  });
}

/** As {@link onWindows}, for a file system without links on this platform. */
export function withoutLinks(): void {
  reset();
  refusals.links = true;
  onTestFinished(reset);
}

/** Lets native realpath fail for this test. */
export function withoutRealpath(): void {
  reset();
  refusals.realpath = true;
  onTestFinished(reset);
}

/** Lets the disk fail at every look for this test, until the function is called. */
export function withoutStat(): () => void {
  reset();
  refusals.stat = true;
  onTestFinished(reset);
  return reset;
}

/** What comes next is the first rename. */
export function killAtRename(nth: number): void {
  renames = 0;
  refusals.killedAtRename = nth;
}

export function countRenames(): number {
  return renames;
}

export function revive(): void {
  refusals.killedAtRename = 0;
  renames = 0;
}

function reset(): void {
  const nothing = { links: false, realpath: false, stat: false, running: [], killedAtRename: 0 };
  Object.assign(refusals, nothing);
  renames = 0;
}
