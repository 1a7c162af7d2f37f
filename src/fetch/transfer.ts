import { type BodyReader, isSlow, readBody } from './body-reader.ts';
import { fillsMemory, lendMemory } from './byte-queue.ts';
import type { ByteSource, Opened, Range } from './byte-source.ts';
import { isRestart, restart } from './download-failure.ts';
import { waitForRetry } from './http/index.ts';
import { reachFrom, sizeOf } from './intervals.ts';
import { fetchInLanes } from './lanes.ts';
import type { Edition } from './partial-records.ts';
import {
  deliver,
  deliverFromDisk,
  reportProgress,
  type TransferState,
  truncated,
} from './transfer-state.ts';
import { createVerifier } from './verifier.ts';

/** Progress that earns a source its attempts back, in bytes. */
const WORTHWHILE = 256 * 2 ** 10;

/**
 * Brings what is missing of the asset from one source; attempts after the first continue where the
 * last one stopped. Returns the address for messages.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, `TRUNCATED`, `SIZE_MISMATCH`, `ABORTED`, disk
 */
export async function transfer(source: ByteSource, state: TransferState): Promise<string> {
  const { tuning, onProgress, signal } = state;
  for (let attempt = 1; ; ) {
    const before = sizeOf(state.partial.have);
    try {
      return await attemptTransfer(source, state);
    } catch (error) {
      if (isRestart(error)) throw error;
      attempt = sizeOf(state.partial.have) - before >= WORTHWHILE ? 2 : attempt + 1;
      await waitForRetry(error, attempt, { policy: tuning.retry, onProgress, signal });
    }
  }
}

async function attemptTransfer(source: ByteSource, state: TransferState): Promise<string> {
  const { partial, verifier, signal } = state;
  const range = planRange(source, state);
  const opened = await source.open(range, signal);
  const reader = readBody(opened, state);
  try {
    const continues = range !== null && isContinued(range, opened);
    if (continues) {
      state.pieced = true;
    } else {
      // What lies beyond the bytes that the consumer has is of no use any more.
      await partial.truncate(verifier.position);
      if (verifier.position === 0) state.resumed = 0;
    }
    await rememberEdition(source, opened, state);
    reportProgress(state);
    const inOrder = partial.have.length <= 1 && reachFrom(partial.have, 0) === sizeOf(partial.have);
    if (!inOrder) {
      await fetchInLanes(source, state, { first: reader, crowd: false });
    } else {
      await deliverFromDisk(state);
      const speed = await fetchDirect(reader, state);
      if (speed === 'slow') await fetchInLanes(source, state, { first: reader, crowd: true });
    }
    return opened.url;
  } finally {
    reader.destroy();
  }
}

/** From the first byte on, the whole asset of another edition looks like the part that was asked for. */
function isContinued(range: Range, opened: Opened): boolean {
  if (range.offset === 0 && opened.validator !== range.validator) return false;
  return opened.offset === range.offset;
}

/** Continues at the first missing byte, but only the same edition from the same address. */
function planRange(source: ByteSource, { partial, edition }: TransferState): Range | null {
  if (edition?.address !== source.address || partial.have.length === 0) return null;
  return {
    offset: reachFrom(partial.have, 0),
    end: null,
    total: edition.total,
    validator: edition.validator,
  };
}

async function rememberEdition(
  source: ByteSource,
  opened: Opened,
  state: TransferState,
): Promise<void> {
  const { kind, address } = source;
  // A 206 may leave out what the request already named.
  const known = opened.offset > 0 ? (state.edition?.validator ?? '') : '';
  const validator = opened.validator === '' ? known : opened.validator;
  const total = opened.total ?? state.total;
  const next: Edition | null = total === null ? null : { kind, address, validator, total };
  if (JSON.stringify(next) === JSON.stringify(state.edition)) return;
  state.edition = next;
  await state.partial.begin(next);
}

/**
 * The fast way: every chunk goes to the consumer from memory and to the partial file beside it.
 * Returns `slow` with the body still open when more connections would help.
 * @throws CodexRuntimeError what {@link BodyReader.next} throws, `TRUNCATED`
 */
async function fetchDirect(reader: BodyReader, state: TransferState): Promise<'done' | 'slow'> {
  const { partial, verifier } = state;
  const { opened } = reader;
  let chunk = await skipDelivered(reader, state);
  while (chunk !== null) {
    // The partial file and the consumer; who digests it has done so by then.
    if (fillsMemory(chunk)) lendMemory(chunk, 2);
    const room = partial.append(chunk);
    const taken = deliver(state, chunk);
    if (room !== undefined) await room;
    if (taken !== undefined) await taken;
    reportProgress(state);
    const remaining = (state.total ?? 0) - verifier.position;
    if (state.edition !== null && isSlow(reader, remaining, state.tuning)) return 'slow';
    chunk = await reader.next();
  }
  if (state.total !== null && verifier.position < state.total) throw truncated(state, opened.url);
  return 'done';
}

/**
 * A source that sends the asset from its start although some of it was delivered: that much has to
 * be the same, or nothing that follows fits to it. Returns the first chunk beyond.
 */
async function skipDelivered(reader: BodyReader, state: TransferState): Promise<Buffer | null> {
  const { asset, verifier, partial } = state;
  const { opened } = reader;
  let left = verifier.position - opened.offset;
  const again = createVerifier(asset);
  while (left > 0) {
    const chunk = await reader.next();
    if (chunk === null) throw truncated(state, opened.url);
    const known = chunk.subarray(0, left);
    again.update(known);
    left -= known.length;
    if (left > 0) continue;
    if (again.prefixDigest() === verifier.prefixDigest()) {
      return known.length === chunk.length ? reader.next() : chunk.subarray(known.length);
    }
    await partial.truncate(0);
    throw restart(asset.name, 'it changed while it was downloaded');
  }
  return reader.next();
}
