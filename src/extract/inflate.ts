import { ByteQueue, lendMemory } from '../fetch/index.ts';
import type { ArchiveInput } from './archive-input.ts';
import { isZero } from './byte-checks.ts';
import type { InflateEngine } from './engines.ts';
import type { ExtractLimits } from './extract.ts';
import { InflateFeed } from './inflate-feed.ts';
import type { Refuse } from './refusal.ts';

/** Real releases expand 2.5 to 4 times; deflate's limit is 1032. */
const EXPANSION_RATIO = 200;
const EXPANSION_FREE_BYTES = 32 * 1024 * 1024;
/** What headers and padding may add to the members' own bytes. */
const OVERHEAD_BYTES = 64 * 1024 * 1024;

export interface InflateRequest {
  readonly input: ArchiveInput;
  /** Called when the first byte is wanted. */
  readonly open: () => InflateEngine;
  readonly limits: Pick<ExtractLimits, 'totalBytes'>;
  readonly refuse: Refuse;
}

/** Inflates an input that holds one compressed stream, and no more than padding after it. */
export async function* inflateAll(request: InflateRequest): AsyncGenerator<Buffer> {
  yield* inflate(request);
  await expectPadding(request.input, request.refuse);
}

/** Reads `input` to its end: the source's verdict on the whole (length, digest) comes from there. */
export async function expectPadding(input: ArchiveInput, refuse: Refuse): Promise<void> {
  for (let bytes = await input.next(); bytes !== null; bytes = await input.next()) {
    if (!isZero(bytes)) throw refuse('trailing-data', null);
  }
}

/**
 * Inflates one compressed stream in libuv's thread pool while the consumer works on earlier buffers.
 * What follows it is left in `input`.
 */
export async function* inflate(request: InflateRequest): AsyncGenerator<Buffer> {
  const { input, limits, refuse } = request;
  const engine = request.open();
  const outlet = outletOf(engine);
  const feed = new InflateFeed(input, engine);
  const fed = feed.run();
  // Its failure also ends the outlet; this keeps the promise from being reported as unhandled.
  fed.catch(() => undefined);
  let produced = 0;
  try {
    for (let chunk = await outlet.next(); chunk !== null; chunk = await outlet.next()) {
      produced += chunk.length;
      if (produced > limits.totalBytes + OVERHEAD_BYTES) throw refuse('too-many-bytes', null);
      const free = Math.max(EXPANSION_FREE_BYTES, engine.bytesWritten * EXPANSION_RATIO);
      if (produced > free) throw refuse('expansion-ratio', null);
      yield chunk;
    }
    await fed;
  } catch (error) {
    throw feed.failure ?? engineFault(error, refuse);
  } finally {
    feed.stop();
    engine.destroy();
  }
}

/** zlib's and zstd's error codes in the words of the policy; errors of other origin pass unchanged. */
function engineFault(error: unknown, refuse: Refuse): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') return refuse('truncated', null, error);
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    return refuse('unsupported-feature', null, error);
  }
  if (code.startsWith('Z_') || code.startsWith('ZSTD_')) return refuse('corrupt', null, error);
  return error;
}

/** Inflated bytes that may wait for their consumer; the engine works ahead up to here. */
const AHEAD_BYTES = 1024 * 1024;

/** The engine's output as a bounded queue; reading the stream itself would join buffers by copying. */
function outletOf(engine: InflateEngine): ByteQueue {
  const queue = new ByteQueue(AHEAD_BYTES, engine);
  engine.on('data', (chunk: Buffer) => {
    // With its last piece handed over, the engine takes another memory.
    lendMemory(chunk, 1);
    queue.push(chunk);
  });
  engine.once('end', () => queue.end());
  engine.once('error', (error) => queue.fail(error));
  engine.once('close', () => queue.fail(new Error('closed before its end')));
  return queue;
}
