import { isCodexRuntimeError } from '../errors.ts';
import { holdPath, lastUsed, type Runtime, removeRuntime, workIfFree } from '../store/index.ts';
import type { KeepReason, PrunePolicy } from './plan-prune.ts';
import { treeSize } from './tree-size.ts';

/**
 * Removes a runtime that may go, unless something has changed since that was decided: what can change
 * quickly is checked again under the runtime's hold.
 * @returns why it stays; empty when it is gone
 */
export async function removeUnused(
  home: string,
  runtime: Runtime,
  { unusedForMs }: PrunePolicy,
  signal: AbortSignal | undefined,
): Promise<readonly KeepReason[]> {
  const { version, target } = runtime.manifest;
  let late: readonly KeepReason[] = [];
  const work = async () => {
    const unused = Date.now() - (await lastUsed(home, runtime)).getTime();
    if ((await treeSize(runtime.dir)).linked) late = ['linked'];
    else if (unused < unusedForMs) late = ['recent'];
    else await removeRuntime(home, runtime);
  };
  try {
    const free = await workIfFree(holdPath(home, version, target), work, signal);
    return free ? late : ['busy'];
  } catch (error) {
    // Windows does not let go of a directory from which a program runs.
    const locked = process.platform === 'win32' && isCodexRuntimeError(error, 'PERMISSION_DENIED');
    if (!locked) throw error;
    return ['running'];
  }
}
