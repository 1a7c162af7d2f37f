import { ProtocolError } from '../errors.ts';

const NEWLINE = 0x0a;
/** Bytes to begin with for a line that does not end in its first chunk. */
const FIRST_CAPACITY = 4 * 1024;

/**
 * Bytes to lines, without any I/O. A line is UTF-8 text up to `\n`; a `\r` before it is dropped,
 * and so are empty lines. A line longer than `maxLineBytes` is an error as soon as that is known,
 * so that a sender without line breaks cannot fill the memory. What has begun of a line lies in one
 * buffer of at most twice its length, however small the chunks are.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #rest = Buffer.alloc(0);
  #restBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * The lines that `chunk` completes.
   * @throws ProtocolError for a line beyond the cap.
   */
  push(chunk: Buffer): string[] {
    const last = chunk.lastIndexOf(NEWLINE);
    if (last === -1) {
      this.#keep(chunk);
      return [];
    }
    this.#admit(this.#restBytes + chunk.indexOf(NEWLINE));
    // One decode for all lines of a chunk: a cut at `\n` never splits a UTF-8 sequence.
    const whole = this.#take(chunk.subarray(0, last));
    const lines = whole.toString('utf8').split('\n');
    if (whole.length > this.#maxLineBytes) {
      for (const line of lines) this.#admit(Buffer.byteLength(line));
    }
    if (last + 1 < chunk.length) this.#keep(chunk.subarray(last + 1));
    return lines.some(isOdd) ? lines.map(trimReturn).filter((line) => line !== '') : lines;
  }

  /** Bytes of the line that has begun and not ended. */
  get pendingBytes(): number {
    return this.#restBytes;
  }

  /** Bytes of memory that are held for it. */
  get heldBytes(): number {
    return this.#rest.length;
  }

  #keep(part: Buffer): void {
    const needed = this.#restBytes + part.length;
    this.#admit(needed);
    if (needed > this.#rest.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#restBytes, FIRST_CAPACITY));
      this.#rest.copy(grown, 0, 0, this.#restBytes);
      this.#rest = grown;
    }
    part.copy(this.#rest, this.#restBytes);
    this.#restBytes = needed;
  }

  #take(part: Buffer): Buffer {
    if (this.#restBytes === 0) return part;
    const whole = Buffer.concat([this.#rest.subarray(0, this.#restBytes), part]);
    // A long line's buffer is not kept for the short ones after it.
    if (this.#rest.length > 16 * FIRST_CAPACITY) this.#rest = Buffer.alloc(0);
    this.#restBytes = 0;
    return whole;
  }

  #admit(lineBytes: number): void {
    if (lineBytes <= this.#maxLineBytes) return;
    throw new ProtocolError(`The server sent a line of more than ${this.#maxLineBytes} bytes.`, {
      hint: 'Raise maxLineBytes if such large messages are expected.',
      fields: { maxLineBytes: this.#maxLineBytes },
    });
  }
}

function isOdd(line: string): boolean {
  return line === '' || line.endsWith('\r');
}

function trimReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
