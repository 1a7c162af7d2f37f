import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodexRuntimeError } from '../errors.ts';
import { hasSignatures } from '../request/index.ts';
import { type BundleRequest, fetchBundle } from './fetch-bundle.ts';

/**
 * Puts the bundle of an asset beside it into `dir`, for a machine that has no network when it
 * verifies. It is not looked into: who installs from there does that.
 * @returns the bundle's name, or null where there is none to be had
 * @throws CodexRuntimeError `SIGNATURE_MISSING`, `SIGNATURE_UNREACHABLE` where it is `required`
 */
export async function saveBundle(
  request: BundleRequest,
  { dir, required }: { readonly dir: string; readonly required: boolean },
): Promise<string | null> {
  if (!hasSignatures(request.target)) return null;
  try {
    const { name, text } = await fetchBundle(request);
    await writeFile(join(dir, name), text);
    return name;
  } catch (error) {
    const lacking = isCodexRuntimeError(error, 'SIGNATURE_MISSING', 'SIGNATURE_UNREACHABLE');
    if (lacking && !required) return null;
    throw error;
  }
}
