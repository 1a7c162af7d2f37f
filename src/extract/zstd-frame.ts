/** Bytes that say what a frame is, and how long its header is. */
const START_BYTES = 5;
const MAGIC = 0xfd2fb528;
/** Sixteen magic numbers of frames that hold something else, for readers that know of it. */
const SKIPPABLE = 0x184d2a50;

const DICTIONARY_BYTES = [0, 1, 2, 4];
const SIZE_BYTES = [0, 2, 4, 8];
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** A block that is one byte, repeated. */
const REPEATED = 1;

/**
 * Finds the end of a zstd frame (RFC 8878) by its block headers, without inflating anything. The
 * engines of Node 22 end without an error in the middle of a frame, and those before 26 know only
 * one frame: with this walk beside them a stream means the same for all.
 */
export class ZstdFrame {
  /** Whether the last byte of the frame has been passed. */
  ended = false;
  /** Whether the frame is one to be skipped; known after its first bytes. */
  skippable = false;
  /** False for bytes that are no frame. */
  valid = true;
  #header: number[] = [];
  #headerBytes = START_BYTES;
  /** What to do with the header when it is complete. */
  #next: () => void = () => this.#begin();
  /** Bytes to pass before the next header. */
  #content = 0;
  #checksum = false;

  /** Passes over bytes; returns how many of them belong to the frame. */
  pass(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && !this.ended && this.valid) {
      if (this.#content > 0) {
        const passed = Math.min(this.#content, bytes.length - at);
        this.#content -= passed;
        at += passed;
      } else {
        this.#header.push(bytes[at] ?? 0);
        at += 1;
      }
      this.#step();
    }
    return at;
  }

  #step(): void {
    while (this.#content === 0 && this.#header.length === this.#headerBytes && !this.ended) {
      if (!this.valid) return;
      this.#next();
    }
  }

  #begin(): void {
    const magic = this.#number(0, 4);
    if (magic >= SKIPPABLE && magic < SKIPPABLE + 16) {
      this.skippable = true;
      // The fifth byte is the first of the length.
      this.#headerBytes = 8;
      this.#next = () => this.#expect(0, this.#number(4, 4), () => this.#end());
      return;
    }
    const descriptor = this.#header[4] ?? 0;
    this.valid = magic === MAGIC;
    this.#checksum = (descriptor & 0x04) !== 0;
    const single = (descriptor & 0x20) !== 0;
    const size = SIZE_BYTES[descriptor >>> 6] ?? 0;
    const rest =
      (single ? 0 : 1) +
      (DICTIONARY_BYTES[descriptor & 0x03] ?? 0) +
      (single && size === 0 ? 1 : size);
    this.#expect(BLOCK_HEADER_BYTES, rest, () => this.#block());
  }

  #block(): void {
    const header = this.#number(0, BLOCK_HEADER_BYTES);
    const size = ((header >>> 1) & 0x03) === REPEATED ? 1 : header >>> 3;
    if ((header & 1) === 0) this.#expect(BLOCK_HEADER_BYTES, size, () => this.#block());
    else this.#expect(0, size + (this.#checksum ? CHECKSUM_BYTES : 0), () => this.#end());
  }

  #end(): void {
    this.ended = true;
  }

  /** Passes over `content`, reads a header of `headerBytes`, and goes on with `next`. */
  #expect(headerBytes: number, content: number, next: () => void): void {
    this.#content = content;
    this.#headerBytes = headerBytes;
    this.#header = [];
    this.#next = next;
  }

  /** Little-endian. */
  #number(at: number, length: number): number {
    let value = 0;
    for (let i = length - 1; i >= 0; i -= 1) value = value * 256 + (this.#header[at + i] ?? 0);
    return value;
  }
}
