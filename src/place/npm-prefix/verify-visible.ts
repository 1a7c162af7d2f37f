import { verifyReadable } from '../../disk/list-names.ts';
import type { PrefixLayout } from './layout.ts';

/**
 * Refuses a prefix that may not be looked into, before it counts as one without a package.
 * @throws CodexRuntimeError `PERMISSION_DENIED`
 */
export async function verifyVisiblePrefix({ prefix, modules }: PrefixLayout): Promise<void> {
  for (const dir of [prefix, modules]) await verifyReadable(dir, 'prefix');
}
