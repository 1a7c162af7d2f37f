import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CodexRuntimeError } from '../errors.ts';
import { errnoOf } from './errno.ts';

/** Bytes that are about to be written below a directory, which may be missing. */
export interface SpaceNeed {
  readonly path: string;
  readonly bytes: number;
  /** What they are, as in "the archive". */
  readonly what: string;
}

/**
 * Refuses to begin what the disks have no room for. Needs on one file system are added up. Where a
 * file system does not say what is free, only the attempt tells.
 * @param doing What needs the space, as in "Codex 0.115.0".
 * @throws CodexRuntimeError `DISK_FULL` with `path`, `needed` and `free` in bytes, and `needs`
 */
export async function verifySpace(doing: string, needs: readonly SpaceNeed[]): Promise<void> {
  const disks = new Map<number, { readonly dir: string; readonly needs: SpaceNeed[] }>();
  for (const need of needs) {
    const dir = await existingAncestor(need.path);
    const device = await deviceOf(dir);
    const disk = disks.get(device) ?? { dir, needs: [] };
    disks.set(device, disk);
    disk.needs.push(need);
  }
  for (const disk of disks.values()) await verifyDisk(doing, disk.dir, disk.needs);
}

async function verifyDisk(doing: string, dir: string, needs: readonly SpaceNeed[]): Promise<void> {
  const free = await freeBytes(dir);
  const needed = needs.reduce((sum, { bytes }) => sum + bytes, 0);
  if (free === undefined || needed <= free) return;
  const parts = needs.map(({ what, bytes }) => `${what} ${megabytes(bytes)}`).join(', ');
  throw new CodexRuntimeError(
    'DISK_FULL',
    `${doing} needs about ${megabytes(needed)} at ${dir} (${parts}), and ${megabytes(free)} are free.`,
    {
      hint: 'Free some space (codex-runtime prune --dry-run shows what could go), or choose another directory.',
      fields: { path: dir, needed, free, needs: needs.map(({ what, bytes }) => ({ what, bytes })) },
    },
  );
}

/** Bytes that this process may still write there; undefined where the file system does not say. */
export async function freeBytes(dir: string): Promise<number | undefined> {
  try {
    const { bavail, bsize, blocks } = await statfs(dir);
    return blocks === 0 ? undefined : bavail * bsize;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Whether both directories, or what there is of them, lie on one file system. */
export async function isOneFileSystem(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [a, b].map(async (path) => await deviceOf(await existingAncestor(path))),
  );
  return first === second;
}

async function deviceOf(dir: string): Promise<number> {
  return await stat(dir).then(
    ({ dev }) => dev,
    () => -1,
  );
}

/** `path`, or its nearest ancestor that exists. */
export async function existingAncestor(path: string): Promise<string> {
  for (let dir = path; ; dir = dirname(dir)) {
    const there = await stat(dir).then(
      () => true,
      () => false,
    );
    if (there || dir === dirname(dir)) return dir;
  }
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.ceil(bytes / 1e6)} MB`;
}
