import { dirname, join } from 'node:path';
import { realPath } from '../disk/real-path.ts';
import type { Environment } from '../request/index.ts';
import { ownerOf } from './codex-owner.ts';
import { codexHome } from './known-places.ts';

/** The package that Codex's own daemon starts, whatever the pin says. */
export interface VendorDaemon {
  /** Absolute; to be removed for the daemon to begin with another version. */
  readonly dir: string;
  /** Absolute; what the daemon starts next. */
  readonly release: string;
  /** Semver; null where its `codex-package.json` does not say. */
  readonly version: string | null;
}

/**
 * `codex app-server daemon start` and `codex remote-control` copy the package that they are first
 * started from into CODEX_HOME, and stay at it. Undefined where that has not happened.
 */
export async function findDaemon(env: Environment): Promise<VendorDaemon | undefined> {
  const dir = join(codexHome(env), 'packages/app-server-daemon');
  const current = join(dir, 'current');
  const release = await realPath(current).catch(() => current);
  // Without that link the path is unchanged.
  if (dirname(release) === dir) return undefined;
  const { version } = await ownerOf(join(release, 'bin/codex'));
  return { dir, release, version };
}
