import type { ChildProcess } from 'node:child_process';
import { endTree } from './end-tree.ts';

/** A child gets this long to end after SIGTERM before it is killed. */
const GRACE_MS = 2_000;

/**
 * Asks a child to end, and kills it when it has not two seconds later. Once it has, its pipes are
 * closed too: what it started may outlive it and hold them open, and nobody waits for that.
 * @param env the child's
 */
export function stopChild(
  child: ChildProcess,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const abandon = () => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  child.once('exit', abandon);
  if (child.exitCode !== null || child.signalCode !== null) abandon();
  endTree(child, env);
  // Without effect on one that is gone, and no reason to stay for whoever does not wait for it.
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
}
