import { dirname } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import type { AssetSource, SignedContent } from '../asset.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import type { OnProgress } from '../events.ts';
import {
  createHttp,
  type Http,
  RETRY_POLICY,
  readBounded,
  unavailable,
  unavailableReason,
  withRetries,
} from '../fetch/http/index.ts';
import { createByteSource } from '../fetch/index.ts';
import { createRegistry } from '../fetch/npm/index.ts';
import { signatureMissing, signatureUnreachable } from './faults.ts';
import { type BundleQuestion, type LocatedBundle, locateBundles } from './locate-bundles.ts';

/** Real ones are about 10 kB. */
const MAX_BYTES = 256 * 1024;

export interface FetchedBundle {
  readonly name: string;
  readonly over: SignedContent;
  readonly text: string;
}

export interface BundleRequest extends BundleQuestion {
  /** Directory for what a child program downloads. */
  readonly workDir: string;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * The first bundle that the release has for the asset.
 * @throws CodexRuntimeError `SIGNATURE_MISSING` when everybody who was asked is sure that there is
 * none, `SIGNATURE_UNREACHABLE` when somebody could not say, `ABORTED`
 */
export async function fetchBundle(request: BundleRequest): Promise<FetchedBundle> {
  const http = createHttp(request.settings, { onProgress: request.onProgress });
  const failures: CodexRuntimeError[] = [];
  try {
    const located = await attempt(locateBundles(request, http), failures);
    for (const bundle of located ?? []) {
      for (const source of bundle.sources) {
        const text = await attempt(receive(source, bundle, { ...request, http }), failures);
        if (text !== undefined) return { name: bundle.name, over: bundle.over, text };
      }
    }
    const unsure = failures.filter((error) => unavailableReason(error) !== 'not-found');
    if (unsure.length > 0) throw signatureUnreachable(request, unsure);
    const names = located?.map(({ name }) => name) ?? [];
    const [source] = located?.[0]?.sources ?? [];
    if (source?.kind !== 'file') throw signatureMissing(request, names);
    const { repo } = request.settings.github;
    throw signatureMissing(request, names, { directory: dirname(source.path), repo });
  } finally {
    await http.close();
  }
}

async function attempt<T>(work: Promise<T>, failures: CodexRuntimeError[]): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
    failures.push(error);
    return undefined;
  }
}

async function receive(
  described: AssetSource,
  bundle: LocatedBundle,
  request: BundleRequest & { readonly http: Http },
): Promise<string> {
  const { http, settings, workDir, signal, onProgress } = request;
  const source = createByteSource(described, {
    asset: bundle.name,
    settings,
    http,
    registry: createRegistry(settings, { onProgress }),
    workDir,
  });
  try {
    return await withRetries(() => readSmall(source, bundle.name, signal), {
      policy: RETRY_POLICY,
      onProgress,
      signal,
    });
  } finally {
    await source.close();
  }
}

async function readSmall(
  source: ReturnType<typeof createByteSource>,
  name: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const { body, url } = await source.open(null, signal);
  try {
    return await readBounded(body, MAX_BYTES, () =>
      unavailable(`${name} from ${url} is larger than ${MAX_BYTES} bytes.`, { reason: 'refused' }),
    );
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof CodexRuntimeError) throw cause;
    throw unavailable(`${name} from ${url} broke off.`, { reason: 'unreachable', cause });
  }
}
