import { isDeepStrictEqual } from 'node:util';
import { isCodexRuntimeError } from '../errors.ts';
import { findSettled } from './find-settled.ts';
import { findStored, isWanted, lockedEntrypoint, type Wanted } from './find-stored.ts';
import type { RuntimeDescription } from './manifest.ts';

/**
 * Whether a runtime outside the store, in a prefix, is what is wanted. What vouched for it is on
 * record in the store alone: where a signature is required, or a lockfile pins more than the
 * executable, the store must have the same files.
 */
export async function isWantedOutside(
  home: string,
  runtime: RuntimeDescription,
  wanted: Wanted,
): Promise<boolean> {
  if (!isWanted(runtime, wanted)) return false;
  const { signer, lock } = wanted;
  if (signer === undefined && lock === null) return true;
  const same = { ...wanted, variant: runtime.variant };
  const stored = await findStored(home, same);
  if (stored !== undefined) return isDeepStrictEqual(stored.manifest.files, runtime.files);
  const isPinned = lockedEntrypoint(wanted) !== undefined;
  if (signer === undefined && lock?.require === undefined && isPinned) return true;
  // The record may be on its way: while its files are replaced, nothing is there for a moment.
  const settled = await findSettled(home, same).catch(unlessUnreadable);
  return settled !== undefined && isDeepStrictEqual(settled.manifest.files, runtime.files);
}

/** A store that may not be looked into vouches for nothing. */
function unlessUnreadable(error: unknown): undefined {
  if (!isCodexRuntimeError(error, 'PERMISSION_DENIED')) throw error;
}
