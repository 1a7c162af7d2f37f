import { join } from 'node:path';
import type { PackagePlan } from '../stage/index.ts';
import { DeflatePool } from './deflate-pool.ts';
import { packTarget } from './pack-target.ts';

/**
 * Writes the wheel of a plan for use on this machine: uncompressed, because it is unpacked at once.
 * @returns its absolute path
 * @throws CodexRuntimeError `DAMAGED`, `ABORTED`, and the disk's own failures
 */
export async function packLocalWheel(
  plan: PackagePlan,
  directory: string,
  signal?: AbortSignal,
): Promise<string> {
  const pool = new DeflatePool(undefined, 0);
  const { files } = await packTarget([plan], { directory, pool, signal });
  return join(directory, files[0]?.path ?? '');
}
