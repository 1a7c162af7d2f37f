import { CodexRuntimeError } from '../errors.ts';
import type { OnProgress } from '../events.ts';
import { aborted, type RetryPolicy, unavailable, waitForRetry } from '../http/index.ts';
import type { Asset } from '../resolve/asset.ts';
import type { ByteSource, Opened, Range } from './byte-source.ts';
import type { Edition, Partial } from './partial.ts';
import type { ProgressReporter } from './progress.ts';
import { isRestart, restart } from './restart.ts';
import { stallGuarded } from './stall.ts';
import { createVerifier, sizeMismatch, type Verifier } from './verifier.ts';

/** What a download has in hand while its sources are tried one after the other. */
export interface TransferState {
  readonly asset: Asset;
  verifier: Verifier;
  readonly partial: Partial;
  /** The edition that the bytes so far are of; null when they cannot be continued. */
  edition: Edition | null;
  /** Bytes in all; null until somebody says. */
  total: number | null;
  /** Bytes that came over the wire, those fetched again included. */
  fetched: number;
  readonly resumed: number;
  readonly progress: ProgressReporter;
  readonly onProgress: OnProgress | undefined;
  readonly retry: RetryPolicy;
  /** Milliseconds without a byte after which a connection is given up. */
  readonly stall: number;
  readonly signal: AbortSignal;
}

/** Progress that earns a connection its attempts back. */
const WORTHWHILE = 256 * 2 ** 10;

/**
 * Yields what is missing of the asset from one source, with retries that continue where the last
 * attempt stopped.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, `TRUNCATED`, `SIZE_MISMATCH`, `ABORTED`
 */
export async function* transfer(
  source: ByteSource,
  state: TransferState,
): AsyncGenerator<Buffer, string> {
  let attempt = 1;
  for (;;) {
    const before = state.verifier.position;
    try {
      return yield* attemptTransfer(source, state);
    } catch (error) {
      if (isRestart(error)) throw error;
      if (state.verifier.position - before >= WORTHWHILE) attempt = 1;
      attempt += 1;
      await waitForRetry(error, attempt, {
        policy: state.retry,
        onProgress: state.onProgress,
        signal: state.signal,
      });
    }
  }
}

async function* attemptTransfer(
  source: ByteSource,
  state: TransferState,
): AsyncGenerator<Buffer, string> {
  const { asset, partial, signal } = state;
  const opened = await source.open(planRange(source, state), signal);
  try {
    const body = received(opened, state);
    if (opened.offset < state.verifier.position) yield* skipDelivered(body, state);
    await rememberEdition(source, opened, state);
    for await (const chunk of body) {
      state.verifier.update(chunk);
      await partial.append(chunk);
      yield chunk;
    }
  } finally {
    opened.body.destroy();
  }
  const { position } = state.verifier;
  if (state.total !== null && position < state.total) {
    throw truncated(asset, opened.url, position, state.total);
  }
  return opened.url;
}

/** Continues only the same edition from the same address. */
function planRange(source: ByteSource, { verifier, edition }: TransferState): Range | null {
  if (verifier.position === 0 || edition === null || edition.source !== source.address) return null;
  return {
    offset: verifier.position,
    end: null,
    total: edition.total,
    validator: edition.validator,
  };
}

function checkTotal(opened: Opened, state: TransferState): void {
  const { asset } = state;
  if (opened.total === null) return;
  if (asset.size !== null && opened.total !== asset.size) {
    throw sizeMismatch(asset, opened.total, opened.url);
  }
  state.total = opened.total;
}

/** The body as it comes in: counted, guarded against stalls, and with typed failures. */
async function* received(opened: Opened, state: TransferState): AsyncGenerator<Buffer> {
  const { asset, verifier, signal } = state;
  // A web page has another size too, and says more about what went wrong.
  let first = true;
  try {
    for await (const chunk of stallGuarded(opened.body, state.stall)) {
      if (first && isWebPage(chunk)) {
        throw unavailable(`${opened.url} is a web page, not an archive.`, {
          reason: 'not-an-asset',
          hint: 'A login page or a proxy may have answered instead.',
        });
      }
      if (first) checkTotal(opened, state);
      first = false;
      state.fetched += chunk.length;
      yield chunk;
      state.progress.report({
        received: verifier.position,
        total: state.total,
        resumed: state.resumed,
      });
    }
  } catch (error) {
    if (error instanceof CodexRuntimeError) throw error;
    if (signal.aborted) throw aborted(signal);
    throw truncated(asset, opened.url, verifier.position, state.total, error);
  }
}

function isWebPage(start: Buffer): boolean {
  return /^\s*<(!doctype html|html)/i.test(start.subarray(0, 64).toString('latin1'));
}

/**
 * The source sent the asset from its start although some of it was delivered already: what was
 * delivered has to be the same, or nothing that follows fits to it.
 */
async function* skipDelivered(
  body: AsyncIterator<Buffer> & AsyncIterable<Buffer>,
  state: TransferState,
): AsyncGenerator<Buffer> {
  const { asset, verifier, partial } = state;
  const again = createVerifier(asset);
  let left = verifier.position;
  while (left > 0) {
    const { value: chunk, done } = await body.next();
    if (done === true) throw truncated(asset, 'the source', again.position, state.total);
    const known = chunk.subarray(0, left);
    again.update(known);
    left -= known.length;
    if (left > 0) continue;
    if (again.prefixDigest() !== verifier.prefixDigest()) break;
    const fresh = chunk.subarray(known.length);
    if (fresh.length === 0) return;
    verifier.update(fresh);
    await partial.append(fresh);
    yield fresh;
    return;
  }
  await partial.reset();
  throw restart(asset.name, 'it changed while it was downloaded');
}

async function rememberEdition(
  source: ByteSource,
  opened: Opened,
  state: TransferState,
): Promise<void> {
  const { validator } = opened;
  const known = validator === null ? state.edition?.validator : validator;
  const next =
    known === undefined || opened.total === null
      ? null
      : { source: source.address, validator: known, total: opened.total };
  if (JSON.stringify(next) === JSON.stringify(state.edition)) return;
  state.edition = next;
  await state.partial.begin(next);
}

function truncated(
  asset: Asset,
  url: string,
  received: number,
  total: number | null,
  cause?: unknown,
): CodexRuntimeError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new CodexRuntimeError(
    'TRUNCATED',
    `${asset.name} from ${url} ended after ${received} of ${total ?? 'unknown'} bytes${why}.`,
    {
      hint: 'Run the command again: it continues where this one stopped.',
      fields: { asset: asset.name, url, received, expected: total },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
