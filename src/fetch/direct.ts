import type { BodyReader } from './body-reader.ts';
import { restart } from './restart.ts';
import { isSlow } from './slow.ts';
import { deliver, reportProgress, type TransferState, truncated } from './transfer-state.ts';
import { createVerifier } from './verifier.ts';

/**
 * The fast way: every chunk goes to the consumer from memory and to the partial file beside it.
 * Returns `slow` with the body still open when more connections would help.
 * @throws CodexRuntimeError what {@link BodyReader.next} throws, `TRUNCATED`
 */
export async function fetchDirect(
  reader: BodyReader,
  state: TransferState,
): Promise<'done' | 'slow'> {
  const { partial, verifier } = state;
  const { opened } = reader;
  let chunk = await skipDelivered(reader, state);
  while (chunk !== null) {
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
