import { isCodexRuntimeError } from '../errors.ts';
import { type OnProgress, tellWaiting } from '../events.ts';
import { findStored, type Wanted } from './find-stored.ts';
import { workOnce } from './hold.ts';
import { holdPath } from './layout.ts';
import type { Runtime } from './manifest.ts';
import { mayComeBack, restoreReplaced } from './replace-runtime.ts';
import { verifyVisible } from './verify-store.ts';

/**
 * As {@link findStored}; where other files are being moved into the place of a runtime, whoever does
 * that is waited for, and what a killed run had put aside comes back.
 * @throws CodexRuntimeError `PERMISSION_DENIED` where it lies in what may not be looked into;
 * `STORE_BUSY`, `ABORTED`
 */
export async function findSettled(
  home: string,
  wanted: Wanted & { readonly onProgress?: OnProgress | undefined },
): Promise<Runtime | undefined> {
  const found = await findStored(home, wanted);
  const name = { version: wanted.version.semver, target: wanted.target.triple };
  if (found !== undefined) return found;
  await verifyVisible(home, name);
  if (!(await mayComeBack(home, name))) return undefined;
  const find = async () => {
    const runtime = await findStored(home, wanted);
    return runtime === undefined ? undefined : { runtime };
  };
  try {
    const { runtime } = await workOnce<{ readonly runtime?: Runtime }>({
      path: holdPath(home, name.version, name.target),
      ready: find,
      work: async (hold) => ((await restoreReplaced(home, name, hold)) ? await find() : {}) ?? {},
      onWait: tellWaiting(
        wanted.onProgress,
        `another process is at work on Codex ${name.version} for ${name.target}`,
      ),
      signal: wanted.signal,
    });
    return runtime;
  } catch (error) {
    // Nobody replaces anything in a home that is read-only.
    if (isCodexRuntimeError(error, 'PERMISSION_DENIED')) return undefined;
    throw error;
  }
}
