import { createHash, randomBytes } from 'node:crypto';
import { constants, copyFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from '../disk/errno.ts';
import { presenceOf, thisProcess } from '../disk/owner.ts';
import { movePath, removeTree } from '../disk/until-unblocked.ts';

/**
 * What a partial download consists of: the bytes, their edition, which of them are there, and gh's
 * working directory.
 */
export const PARTIAL_SUFFIXES: readonly string[] = ['', '.json', '.journal', '.gh'];

/** A partial file that belongs to one download of one process. */
export interface Claim {
  /** Absolute; no other download writes to it. */
  readonly path: string;
  /**
   * Takes over what other downloads left of the same asset. The caller has the hold of what the asset
   * becomes: whoever worked on it before has ended, or was stopped and has lost that hold.
   */
  adopt(): Promise<void>;
  /** The download is over: what it leaves may be taken over. */
  release(): void;
}

const running = new Set<string>();

/** Names an asset's bytes: those with another digest are another file. */
export function partialId([digest]: readonly {
  readonly algorithm: string;
  readonly hex: string;
}[]): string {
  return digest === undefined ? 'unverifiable' : `${digest.algorithm}-${digest.hex}`;
}

/**
 * Claims a name of its own for a partial file: two downloads (one of them perhaps stopped) never
 * write to the same file.
 *
 * @param id Names the bytes, e.g. by their digest.
 */
export function claimPartial(dir: string, id: string): Claim {
  const { pid, started, space } = thisProcess();
  const owner = [pid, idOf(space), ...(started === null ? [] : [started])].join('-');
  const name = `${id}.${owner}-${randomBytes(4).toString('hex')}`;
  const path = join(dir, name);
  running.add(name);
  return {
    path,
    adopt: () => adoptLargest(dir, id, path),
    release: () => running.delete(name),
  };
}

async function adoptLargest(dir: string, id: string, path: string): Promise<void> {
  const left = await leftParts(dir, id, 'anyone');
  const [largest] = left.filter(({ suffix }) => suffix === '').sort((a, b) => b.size - a.size);
  if (largest !== undefined)
    await takeOver(
      left.filter(({ stem }) => stem === largest.stem),
      path,
    );
  await removeParts(left);
}

/** The bytes last: what the other files say of them is then true also of a file that still grows. */
async function takeOver(parts: readonly LeftPart[], path: string): Promise<void> {
  for (const part of parts.toSorted((a, b) => b.suffix.length - a.suffix.length)) {
    if (part.suffix === '.gh') continue;
    // An owner that may wake up goes on writing to a file that has no name any more.
    const means = part.presence === 'gone' ? movePath : cloned;
    await means(part.path, path + part.suffix).catch(ignoreMissing);
  }
}

async function cloned(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/** The most bytes that one download left which {@link Claim.adopt} would take over. */
export async function leftBytes(dir: string, id: string): Promise<number> {
  const sizes = (await leftParts(dir, id, 'anyone'))
    .filter(({ suffix }) => suffix === '')
    .map(({ size }) => size);
  return Math.max(0, ...sizes);
}

/**
 * Removes what downloads of these bytes left: the bytes are in the store. Without the hold of what
 * they become, only what a process left that is known to be gone.
 */
export async function removeLeftParts(
  dir: string,
  id: string,
  options: { readonly held: boolean },
): Promise<void> {
  await removeParts(await leftParts(dir, id, options.held ? 'anyone' : 'the dead'));
}

async function removeParts(parts: readonly LeftPart[]): Promise<void> {
  for (const { path } of parts) await removeTree(path);
}

interface LeftPart {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** What all files of one download begin with. */
  readonly stem: string;
  readonly suffix: string;
  /** Whether its owner is at work; unknown where it cannot be asked. */
  readonly presence: ReturnType<typeof presenceOf>;
}

/** The files of downloads of these bytes which are not running in this process. */
async function leftParts(dir: string, id: string, by: 'anyone' | 'the dead'): Promise<LeftPart[]> {
  const found: LeftPart[] = [];
  for (const name of await readdir(dir).catch(() => [])) {
    const part = parsePart(name);
    if (part?.id !== id || running.has(part.stem)) continue;
    if (by === 'the dead' && part.presence !== 'gone') continue;
    const path = join(dir, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats !== undefined) found.push({ ...part, path, size: stats.size });
  }
  return found;
}

/** Every file in the directory that a download left or is at work on, of whatever asset. */
export function parsePart(
  name: string,
): (Pick<LeftPart, 'stem' | 'suffix' | 'presence'> & { readonly id: string }) | undefined {
  const match = PART.exec(name);
  if (match === null) return undefined;
  const [, stem = '', id = '', pid = '', space = '', started = null, suffix = ''] = match;
  const owner = { pid: Number(pid), space: spaceOf(space), started };
  // Ours, and not running any more: an earlier download of this process.
  const ended = presenceOf(owner) === 'here' && owner.pid === process.pid && !running.has(stem);
  return { stem, id, suffix, presence: ended ? 'gone' : presenceOf(owner) };
}

const PART =
  /^(((?:sha256|sha512)-[0-9a-f]{64,128}|unverifiable)\.(\d+)-([0-9a-f]{8})(?:-(\d+))?-[0-9a-f]{8})(\.json|\.journal|\.gh)?$/;

/** A file name holds eight digits of the space that they stand for. */
function spaceOf(id: string): string {
  const { space } = thisProcess();
  return id === idOf(space) ? space : id;
}

function idOf(space: string): string {
  return createHash('sha256').update(space).digest('hex').slice(0, 8);
}
