import type { FileHandle } from 'node:fs/promises';
import { RandomAccessReader } from 'yauzl';

const READ_BYTES = 256 * 1024;

/**
 * An open file as yauzl reads it. yauzl's own reader hands offsets from the archive straight to
 * `fs.read`, which throws where nobody can catch when one of them is absurd; a FileHandle rejects.
 */
export class ZipFileReader extends RandomAccessReader {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    super();
    this.#handle = handle;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#handle.read(buffer, offset, length, position).then(
      ({ bytesRead }) => callback(bytesRead === length ? null : pastTheEnd()),
      (error: Error) => callback(error),
    );
  }

  /** The bytes from `start` up to, but without, `end`. */
  async *stream(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - position));
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw pastTheEnd();
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** The file belongs to whoever opened it. */
  override close(callback: (error: Error | null) => void): void {
    setImmediate(callback, null);
  }
}

function pastTheEnd(): Error {
  return new Error('the archive points past its own end');
}
