import { join } from 'node:path';
import type { PackagePlan } from '../stage/index.ts';
import { parseTarget } from '../target/index.ts';
import { DeflatePool } from './deflate-pool.ts';
import { packTarget } from './pack-target.ts';

/**
 * Writes the one wheel of a plan for use on this machine: with every tag of its target, so that
 * glibc and musl take it, and uncompressed, because it is unpacked at once.
 * @returns its absolute path
 * @throws CodexRuntimeError `DAMAGED`, `ABORTED`, and the disk's own failures
 */
export async function packLocalWheel(
  plan: PackagePlan,
  directory: string,
  signal?: AbortSignal,
): Promise<string> {
  const wheelTags = plan.target === null ? [] : parseTarget(plan.target).wheelTags;
  const pool = new DeflatePool(undefined, 0);
  const [wheel] = await packTarget([{ plan, wheelTags }], { directory, pool, signal });
  return join(directory, wheel?.path ?? '');
}
