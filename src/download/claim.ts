import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from '../disk/errno.ts';
import { movePath, removeFile } from '../disk/until-unblocked.ts';
import { isProcessGone, PROCESS_SPACE_ID } from '../process-space.ts';

/** The files of a partial download: the bytes, their edition, and which of them are there. */
export const PARTIAL_SUFFIXES: readonly string[] = ['', '.json', '.journal'];

/** A partial file that belongs to one download of one process. */
export interface Claim {
  /** Absolute; nobody else writes to it. */
  readonly path: string;
  /** Takes over what a download that is no longer running left of the same asset. */
  adopt(): Promise<void>;
  /** The download is over: what it leaves may be taken over. */
  release(): void;
}

/** An owner in another container or on another machine cannot be asked; its silence counts, in ms. */
const SILENCE_MS = 600_000;
const running = new Set<string>();

/** Names an asset's bytes: those with another digest are another file. */
export function partialId([digest]: readonly {
  readonly algorithm: string;
  readonly hex: string;
}[]): string {
  return digest === undefined ? 'unverifiable' : `${digest.algorithm}-${digest.hex}`;
}

/**
 * Claims a name of its own for a partial file: two processes (one of them perhaps only paused) never
 * write to the same file. A rename hands a dead one's file to exactly one heir.
 *
 * @param id Names the bytes, e.g. by their digest.
 */
export function claimPartial(dir: string, id: string): Claim {
  const name = `${id}.${process.pid}-${PROCESS_SPACE_ID}-${randomBytes(4).toString('hex')}`;
  const path = join(dir, name);
  running.add(name);
  return {
    path,
    adopt: () => adoptLargest(dir, id, path),
    release: () => running.delete(name),
  };
}

async function adoptLargest(dir: string, id: string, path: string): Promise<void> {
  const left = (await abandonedFiles(dir, id)).filter(({ isCompanion }) => !isCompanion);
  left.sort((a, b) => b.size - a.size);
  for (const [index, { path: found }] of left.entries()) {
    for (const suffix of PARTIAL_SUFFIXES) {
      if (index > 0) await removeFile(found + suffix);
      // Another heir was faster, or there never was such a file.
      else await movePath(found + suffix, path + suffix).catch(ignoreMissing);
    }
  }
}

/**
 * Removes all that downloads of these bytes left which are no longer running: the bytes are in the
 * store. A file whose siblings were removed, or handed on, when its process was killed goes too.
 */
export async function removeAbandoned(dir: string, id: string): Promise<void> {
  for (const { path } of await abandonedFiles(dir, id)) await removeFile(path);
}

interface AbandonedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Whether it tells of a partial file and holds none of its bytes. */
  readonly isCompanion: boolean;
}

/** The files of downloads of these bytes which are no longer running. */
async function abandonedFiles(dir: string, id: string): Promise<AbandonedFile[]> {
  const found: AbandonedFile[] = [];
  for (const name of await readdir(dir).catch(() => [])) {
    const stem = name.replace(/\.(json|journal)$/, '');
    const owner = parseOwner(stem, id);
    if (owner === null || running.has(stem)) continue;
    const path = join(dir, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined || !isAbandoned(owner, stats.mtimeMs)) continue;
    found.push({ path, size: stats.size, isCompanion: name !== stem });
  }
  return found;
}

interface Owner {
  readonly pid: number;
  readonly space: string;
}

function parseOwner(name: string, id: string): Owner | null {
  if (!name.startsWith(`${id}.`)) return null;
  const match = /^(\d+)-([0-9a-f]{8})-[0-9a-f]{8}$/.exec(name.slice(id.length + 1));
  return match === null ? null : { pid: Number(match[1]), space: String(match[2]) };
}

function isAbandoned({ pid, space }: Owner, lastWrite: number): boolean {
  if (space !== PROCESS_SPACE_ID) return Date.now() - lastWrite > SILENCE_MS;
  // Ours, and not running any more: an earlier download, or an earlier process with this id.
  return pid === process.pid || isProcessGone(pid);
}
