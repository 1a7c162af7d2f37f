import type { FileHandle } from 'node:fs/promises';

/**
 * Writes all of `bytes` at `position`: a disk that fills up, or a file-size limit, cuts a write
 * short before it fails one. Throws the native error.
 */
export async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
