import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodexRuntimeError } from '../errors.ts';
import { hasSignatures } from '../request/index.ts';
import { signatureBundles } from './bundle-names.ts';
import { type BundleRequest, fetchBundle } from './fetch-bundle.ts';

/** The bundles that could not be put beside an asset, and why. */
export interface LackingBundle {
  /** File names, any of which would do. */
  readonly bundles: readonly string[];
  readonly reason: string;
}

export interface SavedBundle {
  /** Null where there is none. */
  readonly name: string | null;
  /** Null where one came, or where no release has any. */
  readonly lacking: LackingBundle | null;
}

/**
 * Puts the bundle of an asset beside it into `dir`, for a machine that has no network when it
 * verifies. It is not looked into: who installs from there does that.
 * @returns the bundle's name, or why there is none
 * @throws CodexRuntimeError `SIGNATURE_MISSING`, `SIGNATURE_UNREACHABLE` where it is `required`
 */
export async function saveBundle(
  request: BundleRequest,
  { dir, required }: { readonly dir: string; readonly required: boolean },
): Promise<SavedBundle> {
  if (!hasSignatures(request.target)) return { name: null, lacking: null };
  try {
    const { name, text } = await fetchBundle(request);
    await writeFile(join(dir, name), text);
    return { name, lacking: null };
  } catch (error) {
    const lacking = isCodexRuntimeError(error, 'SIGNATURE_MISSING', 'SIGNATURE_UNREACHABLE');
    if (!lacking || required) throw error;
    const bundles = signatureBundles(request.asset).map((bundle) => bundle.name);
    return { name: null, lacking: { bundles, reason: error.message } };
  }
}
