import { dirname, join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { verifyReadable } from '../disk/list-names.ts';
import { verifyWritable } from '../disk/verify-writable.ts';
import { homeLayout, type RuntimeKey, runtimeDir } from './layout.ts';

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

/**
 * Refuses a store that may not be looked into, before what it holds of this runtime counts as absent.
 * @throws CodexRuntimeError `PERMISSION_DENIED`
 */
export async function verifyVisible(
  home: string,
  name: Pick<RuntimeKey, 'version' | 'target'>,
): Promise<void> {
  await verifyReadable(dirname(runtimeDir(home, { ...name, variant: 'package' })), 'home');
}
