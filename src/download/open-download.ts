import { join } from 'node:path';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { aborted, createHttp, RETRY_POLICY, type RetryPolicy } from '../http/index.ts';
import { createRegistry } from '../npm/index.ts';
import type { Download, DownloadRequest } from './download.ts';
import { openPartial, type Partial as PartialFile, partialId } from './partial.ts';
import { createProgressReporter } from './progress.ts';
import { isRestart, restart } from './restart.ts';
import { createByteSource, type SourceSurroundings } from './sources.ts';
import { type TransferState, transfer } from './transfer.ts';
import { createVerifier } from './verifier.ts';

/** Patience of a download; only tests have a reason to change it. */
export interface DownloadTuning {
  readonly retry?: Partial<RetryPolicy>;
  /** Milliseconds without a byte after which a connection is replaced. Default 15 s. */
  readonly stall?: number;
}

const STALL = 15_000;

/**
 * Brings an asset's bytes here from the first of its sources that can deliver them. Nothing is
 * fetched before `bytes` is read.
 *
 * Reading `bytes` throws CodexRuntimeError `SOURCES_EXHAUSTED` (with `fields.reasons`),
 * `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `TRUNCATED` with `fields.restart` when the download has to be
 * opened again and read from its start (see `receiveAsset`), `DISK_FULL`, `PERMISSION_DENIED` and
 * `ABORTED`.
 * @throws CodexRuntimeError `DIGEST_MISSING`
 */
export function openDownload(request: DownloadRequest, tuning: DownloadTuning = {}): Download {
  const { asset, partialDir } = request;
  createVerifier(asset);
  const path = join(partialDir, partialId(asset));
  const outcome: Download['outcome'] = { source: null, fetched: 0, resumed: 0 };
  let partial: PartialFile | undefined;

  async function* bytes(): AsyncGenerator<Buffer> {
    const controller = new AbortController();
    const stop = () => controller.abort(request.signal?.reason);
    if (request.signal?.aborted === true) throw aborted(request.signal);
    request.signal?.addEventListener('abort', stop, { once: true });
    partial = await openPartial(partialDir, partialId(asset));
    try {
      yield* receive(request, tuning, partial, outcome, controller.signal);
    } finally {
      request.signal?.removeEventListener('abort', stop);
      controller.abort();
      await partial.close();
    }
  }
  return {
    bytes: bytes(),
    path,
    outcome,
    discard: async () => partial?.discard(),
  };
}

async function* receive(
  request: DownloadRequest,
  tuning: DownloadTuning,
  partial: PartialFile,
  outcome: Download['outcome'],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { asset, onProgress } = request;
  const state: TransferState = {
    asset,
    verifier: createVerifier(asset),
    partial,
    edition: partial.found?.edition ?? null,
    total: asset.size ?? partial.found?.edition.total ?? null,
    fetched: 0,
    resumed: partial.found?.length ?? 0,
    progress: createProgressReporter(onProgress),
    onProgress,
    retry: { ...RETRY_POLICY, ...tuning.retry },
    stall: tuning.stall ?? STALL,
    signal,
  };
  outcome.resumed = state.resumed;
  for await (const chunk of partial.read()) {
    state.verifier.update(chunk);
    yield chunk;
  }
  const url = yield* fromSources(request, state, outcome);
  await verify(state, url);
  await partial.flush();
  state.progress.end();
  onProgress?.({
    type: 'verified',
    digests: asset.digests.map(({ algorithm, hex, origin }) => `${algorithm}:${hex} (${origin})`),
  });
}

/** Tries the sources in order; only an unavailable one moves on to the next. */
async function* fromSources(
  request: DownloadRequest,
  state: TransferState,
  outcome: Download['outcome'],
): AsyncGenerator<Buffer, string> {
  const { asset, channel, settings, partialDir, onProgress } = request;
  if (state.total !== null && state.verifier.position === state.total) return state.partial.path;
  const http = createHttp(settings);
  const around: SourceSurroundings = {
    asset: asset.name,
    settings,
    http,
    registry: createRegistry(settings),
    workDir: partialDir,
  };
  const reasons: Record<string, unknown>[] = [];
  try {
    for (const described of asset.sources) {
      const source = createByteSource(described, around);
      try {
        const url = yield* transfer(source, state);
        outcome.source = source.kind;
        return url;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        const { message, fields } = error;
        reasons.push({ source: source.kind, reason: fields['reason'] ?? 'truncated', message });
        onProgress?.({ type: 'unavailable', channel, source: source.kind, reason: message });
      } finally {
        outcome.fetched = state.fetched;
        await source.close();
      }
    }
  } finally {
    await http.close();
  }
  throw exhausted(asset.name, reasons);
}

function isUnavailable(error: unknown): error is CodexRuntimeError {
  return isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE', 'TRUNCATED') && !isRestart(error);
}

function exhausted(asset: string, reasons: readonly Record<string, unknown>[]): CodexRuntimeError {
  const list = reasons.map(({ source, message }) => `${source}: ${message}`).join('\n');
  return new CodexRuntimeError(
    'SOURCES_EXHAUSTED',
    `No source could deliver ${asset}.${list === '' ? '' : `\n${list}`}`,
    {
      hint: 'Check the network and credentials, or choose other channels with --source.',
      fields: { asset, reasons },
    },
  );
}

/**
 * A wrong digest ends everything, unless some of the bytes were not fetched in one piece now: then
 * the pieces may be at fault and not the asset, and one fresh attempt tells.
 */
async function verify(state: TransferState, url: string): Promise<void> {
  const { asset, partial, verifier, resumed, total } = state;
  try {
    verifier.verify(url);
  } catch (error) {
    await partial.reset();
    if (!(error instanceof CodexRuntimeError)) throw error;
    if (resumed > 0) throw restart(asset.name, 'what an earlier run left is damaged', error);
    if (total === null) throw restart(asset.name, 'it may have ended early', error);
    throw error;
  }
}
