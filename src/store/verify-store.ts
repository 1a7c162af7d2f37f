import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { verifyWritable } from '../disk/verify-writable.ts';
import { homeLayout, type RuntimeKey } from './layout.ts';

/**
 * Refuses a home whose store cannot take a runtime, before that is fetched; makes nothing.
 * @throws CodexRuntimeError `PERMISSION_DENIED`, `INSTALL_FAILED`
 */
export async function verifyStore(
  home: string,
  { version, target }: Pick<RuntimeKey, 'version' | 'target'>,
): Promise<void> {
  const { store, partial, staging, holds } = homeLayout(home);
  for (const dir of [join(store, version, target), partial, staging, holds]) {
    try {
      await verifyWritable(dir);
    } catch (error) {
      throw diskError(error, `put Codex ${version} into the store`, dir, 'home');
    }
  }
}
