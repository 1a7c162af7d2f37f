import type { ChildProcess } from 'node:child_process';

/**
 * The status with which a child ends, once it has and its pipes are closed; null when a signal ended
 * it. Rejects with the system's own error when the child could not be started.
 */
export async function exitStatus(child: ChildProcess): Promise<number | null> {
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
}
