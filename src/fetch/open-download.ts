import { anySignal, throwIfAborted } from '../abort.ts';
import type { Digest } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { streamFrom } from './byte-stream.ts';
import { claimPartial, partialId, removeLeftParts } from './claim.ts';
import type { Download, DownloadOutcome, DownloadRequest } from './download.ts';
import { restart } from './download-failure.ts';
import { fetchFromSources } from './fetch-from-sources.ts';
import { aborted, RETRY_POLICY, type RetryPolicy } from './http/index.ts';
import { sizeOf } from './intervals.ts';
import { openPartial, type PartialFile } from './partial.ts';
import {
  createProgressReporter,
  type TransferState,
  type TransferTuning,
} from './transfer-state.ts';
import { createVerifier } from './verifier.ts';

/** What of {@link TransferTuning} is other than its default. */
export type DownloadTuning = Partial<Omit<TransferTuning, 'retry'>> & {
  readonly retry?: Partial<RetryPolicy>;
};

const TUNING: TransferTuning = {
  retry: RETRY_POLICY,
  stall: 15_000,
  lowSpeedLimit: 1_000,
  lowSpeedTime: 30_000,
  lanes: 4,
  measure: 400,
  worthwhile: 3_000,
};

/**
 * Brings an asset's bytes here from the first of its sources that can deliver them. Nothing is
 * fetched before `bytes` is read. The caller has the hold of what the asset becomes: what other
 * processes left of it is taken over.
 *
 * Reading `bytes` throws CodexRuntimeError `SOURCES_EXHAUSTED` (with `fields.reasons`),
 * `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `TRUNCATED` with `fields.restart` when the download has to be
 * opened again and read from its start (see `receiveAsset`), `DISK_FULL`, `PERMISSION_DENIED` and
 * `ABORTED`.
 * @throws CodexRuntimeError `DIGEST_MISSING`
 */
export function openDownload(request: DownloadRequest, tuning: DownloadTuning = {}): Download {
  const { asset, partialDir } = request;
  // Nothing is asked for that could not be verified.
  createVerifier(asset);
  const id = partialId(asset.digests);
  const claim = claimPartial(partialDir, id);
  const outcome: DownloadOutcome = { source: null, size: 0, fetched: 0, resumed: 0 };
  let partial: PartialFile | undefined;

  const bytes = streamFrom(async (sink, ended) => {
    const signal = anySignal(ended, request.signal);
    throwIfAborted(signal);
    try {
      await claim.adopt();
      partial = await openPartial(claim.path);
      await receive(beginState(request, tuning, { partial, sink, signal }), request, outcome);
    } catch (error) {
      claim.release();
      throw error;
    } finally {
      await partial?.close();
    }
  });
  const discard = async (): Promise<void> => {
    await partial?.discard();
    claim.release();
    await removeLeftParts(partialDir, id, { held: true });
  };
  return { bytes, path: claim.path, outcome, discard, release: claim.release };
}

function beginState(
  { asset, onProgress }: DownloadRequest,
  tuning: DownloadTuning,
  { partial, sink, signal }: Pick<TransferState, 'partial' | 'sink' | 'signal'>,
): TransferState {
  return {
    asset,
    partial,
    verifier: createVerifier(asset),
    sink,
    edition: partial.found,
    total: asset.size ?? partial.found?.total ?? null,
    fetched: 0,
    resumed: sizeOf(partial.have),
    pieced: false,
    progress: createProgressReporter(onProgress),
    onProgress,
    tuning: { ...TUNING, ...tuning, retry: { ...TUNING.retry, ...tuning.retry } },
    signal,
  };
}

async function receive(
  state: TransferState,
  request: DownloadRequest,
  outcome: DownloadOutcome,
): Promise<void> {
  const { asset, onProgress } = request;
  try {
    const { kind, url } = await fetchFromSources(state, request);
    outcome.source = kind;
    await verify(state, url);
    await state.partial.flush();
    outcome.size = state.verifier.position;
  } catch (error) {
    // Whatever the abort made fail, it was the abort.
    throw state.signal.aborted ? aborted(state.signal) : error;
  } finally {
    outcome.fetched = state.fetched;
    outcome.resumed = state.resumed;
    state.progress.end();
  }
  onProgress?.({
    type: 'verified',
    digests: asset.digests.map(describeDigest),
  });
}

/**
 * A wrong digest ends everything, unless some of the bytes were not fetched in one piece now: then
 * the pieces may be at fault and not the asset, and one fresh attempt tells.
 */
async function verify(state: TransferState, url: string): Promise<void> {
  const { asset, partial, verifier, resumed, pieced, total } = state;
  try {
    verifier.verify(url);
  } catch (error) {
    await partial.truncate(0);
    if (!(error instanceof CodexRuntimeError)) throw error;
    if (resumed > 0) throw restart(asset.name, 'what an earlier run left is damaged', error);
    if (pieced) throw restart(asset.name, 'its parts do not fit together', error);
    if (total === null) throw restart(asset.name, 'it may have ended early', error);
    throw error;
  }
}

function describeDigest({ algorithm, hex, origin, registryKey }: Digest): string {
  const signed =
    registryKey === null ? 'which has no keys to sign with' : `signed by ${registryKey}`;
  return `${algorithm}:${hex} (${origin}${registryKey === undefined ? '' : `, ${signed}`})`;
}
