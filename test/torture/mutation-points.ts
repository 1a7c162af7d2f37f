import { join } from 'node:path';
import { notePath } from '../../src/place/known-prefixes.ts';

/** The calls that change a file system, or make a change last. */
export const MUTATING_CALLS = [
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'symlink',
  'symlinkat',
  'unlink',
  'unlinkat',
  'mkdir',
  'mkdirat',
  'rmdir',
  'openat',
  'open',
  'creat',
  'write',
  'pwrite64',
  'writev',
  'pwritev',
  'pwritev2',
  'truncate',
  'ftruncate',
  'fallocate',
  'chmod',
  'fchmod',
  'fchmodat',
  'chown',
  'fchown',
  'utimensat',
  'fsync',
  'fdatasync',
  'copy_file_range',
  'sendfile',
  // A reflink is one.
  'ioctl',
] as const;

/** One call of a traced run, as a place to put a fault. */
export interface MutationPoint {
  readonly call: string;
  /** The file that it changes, with `{root}`, `{pid}` and `{note}` where runs differ. */
  readonly path: string;
  /** Which of the calls of this name on this file, from 1. */
  readonly nth: number;
  /** The call as strace shows it, for reports. */
  readonly text: string;
}

/** What differs between two runs of the same work. */
export interface RunNames {
  readonly root: string;
  readonly pid: number;
}

/**
 * The calls of a trace that change something below `root`, in order. A failed call changes nothing
 * but is a place for a fault all the same.
 */
export function mutationPoints(
  trace: readonly string[],
  names: RunNames,
): readonly MutationPoint[] {
  const counts = new Map<string, number>();
  const points: MutationPoint[] = [];
  for (const line of trace) {
    const [, call, rest] = /^\d+ +([a-z0-9_]+)\((.*)$/.exec(line) ?? [];
    if (call === undefined || rest === undefined || !mutates(call, rest)) continue;
    const absolute = pathOf(rest, names.root);
    if (absolute === undefined) continue;
    const path = absolute
      .replace(noteOf(names), '{note}')
      .replace(names.root, '{root}')
      .replaceAll(`.${names.pid}-`, '.{pid}-');
    const nth = (counts.get(`${call} ${path}`) ?? 0) + 1;
    counts.set(`${call} ${path}`, nth);
    points.push({ call, path, nth, text: `${call}(${rest.replaceAll(names.root, '')}` });
  }
  return points;
}

/** The point's file in another run. */
export function pathAt({ path }: Pick<MutationPoint, 'path'>, names: RunNames): string {
  return path
    .replace('{note}', noteOf(names))
    .replace('{root}', names.root)
    .replaceAll('.{pid}-', `.${names.pid}-`);
}

/** The name of a prefix's note is a digest of its path. */
function noteOf({ root }: RunNames): string {
  const prefix = join(root, 'prefix');
  return notePath(join(root, 'home'), { prefix, global: false, name: 'codex-cli-bin' });
}

/** The first path below `root`: in quotes, or as strace shows what a descriptor is open on. */
function pathOf(rest: string, root: string): string | undefined {
  for (const [, quoted, open] of rest.matchAll(/"([^"]*)"|<([^>]*)>/g)) {
    const path = quoted ?? open?.replace(/ \(deleted\)$/, '');
    if (path?.startsWith(`${root}/`)) return path;
  }
  return undefined;
}

function mutates(call: string, rest: string): boolean {
  // Python asks its files whether they are terminals.
  if (call === 'ioctl') return rest.includes('FICLONE');
  return !call.startsWith('open') || /O_CREAT|O_TRUNC/.test(rest);
}
