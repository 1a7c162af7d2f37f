/** Why nobody cannot be played here, to follow a title; null where it can. */
export const whyNotNobody: string | null =
  process.platform === 'linux' && process.getuid?.() === 0
    ? null
    : ' (skipped: only root can become nobody)';

/** Runs as nobody: root may write everywhere. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
