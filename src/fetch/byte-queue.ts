/** How many have yet to read what lies in a memory. */
const readers = new WeakMap<ArrayBufferLike, number>();
let bin: InstanceType<typeof MessagePort> | undefined;

/**
 * Lets the memory of bytes be given back as soon as so many readers have used it up. V8 lets dead
 * buffers wait for its next collection, by which time an installation holds twice what it uses. Only
 * whoever made the bytes, and keeps none of them, may lend them; a memory that is not lent is left to
 * the collector.
 */
export function lendMemory({ buffer }: Buffer, count: number): void {
  readers.set(buffer, count);
}

/**
 * Says that one reader has used up a memory: no view of it will be looked at, and no write or engine
 * still reads it. With the last reader it is gone, and every view of it is empty.
 */
export function returnMemory(memory: ArrayBufferLike): void {
  const left = (readers.get(memory) ?? 0) - 1;
  if (left > 0) readers.set(memory, left);
  else if (readers.delete(memory) && memory instanceof ArrayBuffer) release(memory);
}

/** Small memories that nobody looks at any more, to be thrown away together. */
let discarded: ArrayBuffer[] = [];
let discardedBytes = 0;
const DISCARD_BYTES = 2 ** 19;

/**
 * Gives back a memory that has no readers, as sockets make many small ones. Some of them wait for
 * others, because each way to the bin takes as long as the copying of a few kilobytes.
 */
export function discardMemory(memory: ArrayBufferLike): void {
  if (!(memory instanceof ArrayBuffer)) return;
  discarded.push(memory);
  discardedBytes += memory.byteLength;
  if (discardedBytes < DISCARD_BYTES) return;
  release(...discarded);
  discarded = [];
  discardedBytes = 0;
}

/** What is posted to a closed port is moved there and thrown away. */
function release(...memories: readonly ArrayBuffer[]): void {
  if (bin === undefined) {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    bin = port1;
  }
  try {
    bin.postMessage(null, memories);
  } catch {
    // Node's own pool cannot be moved.
  }
}

/** Whether bytes are all that their memory holds. */
export function fillsMemory({ buffer, length }: Buffer): boolean {
  return length === buffer.byteLength;
}

/** Whether bytes are the last ones of their memory; pieces come in order. */
export function endsMemory({ buffer, byteOffset, length }: Buffer): boolean {
  return byteOffset + length === buffer.byteLength;
}

/** What feeds a queue, and can be told to hold back. */
export interface Feed {
  pause(): void;
  resume(): void;
}

/**
 * Bytes on their way from one producer to one consumer, in order and uncopied. From `limit` bytes on
 * the producer is told to pause; when half of them are left, to resume.
 */
export class ByteQueue {
  readonly #limit: number;
  readonly #feed: Feed;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #paused = false;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(limit: number, feed: Feed) {
    this.#limit = limit;
    this.#feed = feed;
  }

  /** Whether the producer has been told to pause. */
  get isFull(): boolean {
    return this.#paused;
  }

  /** Whether nothing follows what is here. */
  get isOver(): boolean {
    return this.#ended || this.#failure !== undefined;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (!this.#paused && this.#bytes >= this.#limit) {
      this.#paused = true;
      this.#feed.pause();
    }
    this.#wake?.();
  }

  /** The consumer gets what is here, then the end. */
  end(): void {
    if (!this.isOver) this.#ended = true;
    this.#wake?.();
  }

  /** The consumer gets what is here, then `error`, again and again. */
  fail(error: unknown): void {
    if (!this.isOver) this.#failure = { error };
    this.#wake?.();
  }

  /** Forgets what is here. */
  clear(): void {
    this.#chunks.length = 0;
    this.#bytes = 0;
  }

  /**
   * The next chunk, or null at the end.
   * @param joined Chunks that wait together are handed over as one of up to so many bytes.
   */
  async next(joined = 0): Promise<Buffer | null> {
    while (this.#chunks.length === 0 && !this.isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const chunk = this.#take(joined);
    if (chunk === undefined) {
      if (this.#failure !== undefined) throw this.#failure.error;
      return null;
    }
    this.#bytes -= chunk.length;
    if (this.#paused && this.#bytes < this.#limit / 2) {
      this.#paused = false;
      this.#feed.resume();
    }
    return chunk;
  }

  #take(joined: number): Buffer | undefined {
    let count = 0;
    for (let size = 0; count < this.#chunks.length; count += 1) {
      size += this.#chunks[count]?.length ?? 0;
      if (size > joined) break;
    }
    if (count < 2) return this.#chunks.shift();
    const parts = this.#chunks.splice(0, count);
    const whole = Buffer.concat(parts);
    for (const part of parts) {
      // One that is a view of more may share it with bytes that are still to come.
      if (fillsMemory(part)) discardMemory(part.buffer);
    }
    return whole;
  }
}
