import { sep } from 'node:path';
import { tellWaiting } from '../events.ts';
import type { Provisioned } from '../provision/index.ts';
import type { ExactRequest } from '../request/index.ts';
import { type HoldWait, type Runtime, workOnce } from '../store/index.ts';

/** How often a runtime is brought that others take away. */
const MAX_ATTEMPTS = 10;

export interface RuntimeUse<T> extends HoldWait {
  /** Told whether what it brought before has gone. */
  readonly obtain: (again: boolean) => Promise<Provisioned>;
  /** Works with the runtime's files; called again when they went meanwhile. */
  readonly use: (runtime: Runtime) => Promise<T>;
  /** The runtime's hold; see `holdPath`. */
  readonly hold: string;
}

/**
 * Brings a runtime into the store and works with its files. Whoever only reads takes no hold, so
 * `uninstall VERSION` or `prune` may remove it meanwhile: then it is brought again, and kept by its
 * hold while it is worked with.
 * @throws what `obtain` and `use` throw
 */
export async function useRuntime<T>({ obtain, use, hold, onWait, signal }: RuntimeUse<T>): Promise<{
  readonly provisioned: Provisioned;
  readonly result: T;
}> {
  for (let attempt = 1; ; attempt += 1) {
    const again = attempt > 1;
    const provisioned = await obtain(again);
    const { runtime } = provisioned;
    const work = async () => ({ provisioned, result: await use(runtime) });
    try {
      if (!again) return await work();
      return await workOnce({ path: hold, work, onWait, signal });
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isMissingBelow(runtime.dir, error)) throw error;
    }
  }
}

/** Says that another process brings, removes or uses the runtime. */
export function waitForRuntime({ version, target, onProgress }: ExactRequest): () => void {
  const reason = `another process is at work on Codex ${version.semver} for ${target.triple}`;
  return tellWaiting(onProgress, reason);
}

/** Whether an error, or one behind it, says that a file of the directory is not there. */
function isMissingBelow(dir: string, error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path?.startsWith(`${dir}${sep}`) === true) return true;
  return isMissingBelow(dir, error.cause);
}
