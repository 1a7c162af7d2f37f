import { diskError } from '../disk/disk-error.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { type CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { type BundleRequest, type FetchedBundle, fetchBundle } from './fetch-bundle.ts';

/**
 * The bundle for an asset that is still to come: some kilobytes, asked for before the archive. Which
 * source will deliver the asset is not known yet, so each is asked for the bundle as if it had.
 * @returns the bundle, else why there is none: an asset that comes has to be refused for it
 * @throws CodexRuntimeError `ABORTED`, and the disk's own failures
 */
export async function seekBundle(
  request: Omit<BundleRequest, 'delivered'>,
): Promise<FetchedBundle | CodexRuntimeError> {
  try {
    // A child program that downloads it works there.
    await makeDirectory(request.workDir);
  } catch (error) {
    throw diskError(error, 'fetch the signature', request.workDir, 'home');
  }
  const refusals: CodexRuntimeError[] = [];
  for (const { kind } of request.asset.sources) {
    try {
      return await fetchBundle({ ...request, delivered: kind });
    } catch (error) {
      if (!isCodexRuntimeError(error, 'SIGNATURE_MISSING', 'SIGNATURE_UNREACHABLE')) throw error;
      refusals.push(error);
    }
  }
  const [first] = refusals;
  if (first === undefined) throw new Error(`${request.asset.name} has no source`);
  // Who is sure says more than who could not be asked.
  return refusals.find(({ code }) => code === 'SIGNATURE_MISSING') ?? first;
}
