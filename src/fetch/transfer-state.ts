import type { Asset } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { OnProgress } from '../events.ts';
import type { Sink } from './byte-stream.ts';
import type { RetryPolicy } from './http/index.ts';
import { reachFrom, sizeOf } from './intervals.ts';
import type { PartialFile } from './partial.ts';
import type { Edition } from './partial-records.ts';
import type { Verifier } from './verifier.ts';

/** Patience of a download; only tests and benchmarks have a reason to change it. Times in ms. */
export interface TransferTuning {
  /** Default: the HTTP layer's own. */
  readonly retry: RetryPolicy;
  /** Without a byte for so long, a connection is given up. Default 15,000. */
  readonly stall: number;
  /**
   * Bytes a second: a connection that stays below them for `lowSpeedTime` is given up as one that
   * stalls is. Four connections share the network, so this is low. Default 1,000.
   */
  readonly lowSpeedLimit: number;
  /** Time spent waiting for bytes; what the consumer takes does not count. Default 30,000. */
  readonly lowSpeedTime: number;
  /** Connections at once, at most. Default 4. */
  readonly lanes: number;
  /** For so long the first connection is measured before others may join it. Default 400. */
  readonly measure: number;
  /** Others join only where the first one would take longer than this. Default 3,000. */
  readonly worthwhile: number;
}

/** What a download has in hand while its sources are tried one after the other. */
export interface TransferState {
  readonly asset: Asset;
  readonly partial: PartialFile;
  /** Has seen exactly the bytes that the consumer was given. */
  readonly verifier: Verifier;
  readonly sink: Sink;
  /** What the bytes so far are of; null when they cannot be continued. */
  edition: Edition | null;
  /** Bytes in all; null until somebody says. */
  total: number | null;
  /** Bytes that came over the wire, those fetched again included. */
  fetched: number;
  /** Bytes that an earlier run left and this one uses. */
  resumed: number;
  /** Whether the bytes come from more than one answer. */
  pieced: boolean;
  readonly progress: ProgressReporter;
  readonly onProgress: OnProgress | undefined;
  readonly tuning: TransferTuning;
  readonly signal: AbortSignal;
}

/** Gives a chunk to the consumer; when a promise comes back, wait for it before the next one. */
export function deliver(state: TransferState, chunk: Buffer): Promise<void> | undefined {
  state.verifier.update(chunk);
  return state.sink.push(chunk);
}

/** Gives the consumer what follows on disk without a gap. */
export async function deliverFromDisk(state: TransferState): Promise<void> {
  const { partial, verifier, signal } = state;
  for (;;) {
    const reach = reachFrom(partial.have, verifier.position);
    if (verifier.position >= reach) return;
    signal.throwIfAborted();
    const chunk = await partial.readAt(verifier.position, reach);
    if (chunk.length === 0) {
      throw new CodexRuntimeError(
        'INSTALL_FAILED',
        `${partial.path} was shortened by another program.`,
        {
          hint: 'Run the command again.',
          fields: { path: partial.path },
        },
      );
    }
    await deliver(state, chunk);
  }
}

export function reportProgress(state: TransferState): void {
  const { partial, total, resumed } = state;
  state.progress.report({ received: sizeOf(partial.have), total, resumed });
}

/** The body ended or broke before its last byte: retryable, never mistaken for a wrong digest. */
export function truncated(state: TransferState, url: string, cause?: unknown): CodexRuntimeError {
  const { asset, total, partial } = state;
  const received = sizeOf(partial.have);
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new CodexRuntimeError(
    'TRUNCATED',
    `${asset.name} from ${url} ended after ${received} of ${total ?? 'unknown'} bytes${why}.`,
    {
      hint: 'Run the command again: it continues where this one stopped.',
      fields: { asset: asset.name, url, received, expected: total },
      cause,
    },
  );
}

const INTERVAL_MS = 100;

/** Says how far a download is, about ten times a second; `end` always says the last state. */
export interface ProgressReporter {
  report(state: { received: number; total: number | null; resumed: number }): void;
  end(): void;
}

export function createProgressReporter(onProgress: OnProgress | undefined): ProgressReporter {
  let last = Number.NEGATIVE_INFINITY;
  let held: Parameters<ProgressReporter['report']>[0] | undefined;
  const say = () => {
    if (held === undefined) return;
    onProgress?.({ type: 'download', ...held });
    held = undefined;
    last = performance.now();
  };
  return {
    report(state) {
      held = state;
      if (performance.now() - last >= INTERVAL_MS) say();
    },
    end: say,
  };
}
