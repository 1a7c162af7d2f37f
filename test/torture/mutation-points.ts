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
] as const;

/** One call of a traced run, as a place to put a fault. */
export interface MutationPoint {
  readonly call: string;
  /** strace's `when`: the how-manieth call of this name in its thread. */
  readonly nth: number;
  /** The call as strace shows it, for reports. */
  readonly text: string;
}

/**
 * The calls of a trace that change something below `root`, in order. A failed call changes nothing
 * but is a place for a fault all the same.
 */
export function mutationPoints(trace: readonly string[], root: string): readonly MutationPoint[] {
  const counts = new Map<string, number>();
  const points: MutationPoint[] = [];
  for (const line of trace) {
    const [, thread, call, rest] = /^(\d+) +([a-z0-9_]+)\((.*)$/.exec(line) ?? [];
    if (thread === undefined || call === undefined || rest === undefined) continue;
    const key = `${thread} ${call}`;
    const nth = (counts.get(key) ?? 0) + 1;
    counts.set(key, nth);
    if (!rest.includes(root) || !mutates(call, rest)) continue;
    points.push({ call, nth, text: `${call}(${rest.replaceAll(root, '')}` });
  }
  return points;
}

function mutates(call: string, rest: string): boolean {
  return !call.startsWith('open') || /O_CREAT|O_TRUNC/.test(rest);
}
