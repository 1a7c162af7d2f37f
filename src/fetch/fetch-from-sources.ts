import { rmdir } from 'node:fs/promises';
import type { AssetSource } from '../asset.ts';
import { type CodexRuntimeError, isCodexRuntimeError, joinHints } from '../errors.ts';
import type { OnProgress } from '../events.ts';
import type { DownloadRequest } from './download.ts';
import { isRestart, silentSourcesHint } from './download-failure.ts';
import { createHttp, unavailableReason } from './http/index.ts';
import { sizeOf } from './intervals.ts';
import { createRegistry } from './npm/index.ts';
import { type Reason, reasonsIn, sourcesExhausted } from './reason.ts';
import { createByteSource, type SourceSurroundings } from './sources.ts';
import { transfer } from './transfer.ts';
import { deliverFromDisk, reportProgress, type TransferState } from './transfer-state.ts';

/**
 * Tries the sources in order until one has brought all that is missing. Only an unavailable one, or
 * one whose body keeps ending early, moves on to the next.
 * @throws CodexRuntimeError `SOURCES_EXHAUSTED` with every reason, and what ends everything
 */
export async function fetchFromSources(
  state: TransferState,
  { asset, channel, settings, onProgress }: DownloadRequest,
): Promise<{ readonly kind: AssetSource['kind']; readonly url: string }> {
  const left = await deliverWhatIsComplete(state);
  if (left !== null) return left;
  // Stalls are watched for where the bytes are read, whichever client brings them.
  const silent = { onProgress: silenceAlone(onProgress) };
  const http = createHttp(settings, { timeouts: { stall: 0 }, ...silent });
  const around: SourceSurroundings = {
    asset: asset.name,
    settings,
    http,
    registry: createRegistry(settings, silent),
    // One of the download's own files, so that whoever takes it over finds it.
    workDir: `${state.partial.path}.gh`,
  };
  const reasons: Reason[] = [];
  const failures: CodexRuntimeError[] = [];
  try {
    for (const described of asset.sources) {
      const source = createByteSource(described, around);
      try {
        return { kind: source.kind, url: await transfer(source, state) };
      } catch (error) {
        if (isRestart(error) || !isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE', 'TRUNCATED')) {
          throw error;
        }
        reasons.push(...reasonsIn(error, channel, source.kind));
        failures.push(error);
        onProgress?.({ type: 'unavailable', channel, source: source.kind, reason: error.message });
      } finally {
        await source.close();
      }
    }
  } finally {
    await http.close();
    await rmdir(around.workDir).catch(() => undefined);
  }
  throw sourcesExhausted(`No source could deliver ${asset.name}.`, {
    reasons,
    hints: [advice(failures) ?? silentSourcesHint(settings.github.repo)],
    fields: { asset: asset.name },
  });
}

/** Attempts and refusals are told by whoever repeats them. */
function silenceAlone(onProgress: OnProgress | undefined): OnProgress {
  return (event) => {
    if (event.type === 'silent') onProgress?.(event);
  };
}

/** An earlier run may have ended between the last byte and the store. */
async function deliverWhatIsComplete(state: TransferState) {
  const { edition, partial } = state;
  if (edition === null || sizeOf(partial.have) !== edition.total) return null;
  reportProgress(state);
  await deliverFromDisk(state);
  return { kind: edition.kind, url: edition.address };
}

/** That an optional program is missing is no advice beside what the network said. */
function advice(failures: readonly CodexRuntimeError[]): string | undefined {
  const telling = failures.filter((error) => unavailableReason(error) !== 'missing-tool');
  return joinHints((telling.length === 0 ? failures : telling).map(({ hint }) => hint));
}
