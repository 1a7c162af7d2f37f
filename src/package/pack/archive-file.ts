import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { diskError } from '../../disk/disk-error.ts';
import { hashFile } from '../../disk/hash-file.ts';
import { writeAll } from '../../disk/write-all.ts';

/** What a finished archive is. */
export interface ArchiveDigest {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** npm's form of the SHA-512: `sha512-<base64>`. */
  readonly integrity: string;
}

/** An archive on its way to the disk: bytes are appended in order, and may be mended afterwards. */
export class ArchiveFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #hasher: Hasher | null = new Hasher();
  #position = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Makes the file; it must not exist. */
  static async create(path: string): Promise<ArchiveFile> {
    try {
      return new ArchiveFile(path, await open(path, 'wx'));
    } catch (error) {
      throw diskError(error, 'write the package', path);
    }
  }

  /** Bytes appended so far. */
  get position(): number {
    return this.#position;
  }

  async append(bytes: Buffer): Promise<void> {
    const at = this.#position;
    this.#position += bytes.length;
    this.#hasher?.update(bytes);
    await this.#write(bytes, at);
  }

  /** Writes over what is there already; the digest is then taken from the file at the end. */
  async mend(bytes: Buffer, at: number): Promise<void> {
    this.#hasher = null;
    await this.#write(bytes, at);
  }

  async finish(): Promise<ArchiveDigest> {
    await this.#handle.close();
    return this.#hasher?.digest() ?? (await digestFile(this.path, undefined));
  }

  /** Closes the file as it is, after a failure. */
  async abandon(): Promise<void> {
    await this.#handle.close();
  }

  async #write(bytes: Buffer, at: number): Promise<void> {
    try {
      await writeAll(this.#handle, bytes, at);
    } catch (error) {
      throw diskError(error, 'write the package', this.path);
    }
  }
}

/**
 * Size and digests of a file that exists.
 * @throws CodexRuntimeError `ABORTED`, the disk's own failure
 */
export async function digestFile(
  path: string,
  signal: AbortSignal | undefined,
): Promise<ArchiveDigest> {
  try {
    const { size, sha256, sha512 } = await hashFile(path, ['sha256', 'sha512'], signal);
    const integrity = `sha512-${sha512.toString('base64')}`;
    return { size, sha256: sha256.toString('hex'), integrity };
  } catch (error) {
    throw diskError(error, 'read the package', path);
  }
}

class Hasher {
  readonly #sha256: Hash = createHash('sha256');
  readonly #sha512: Hash = createHash('sha512');
  #size = 0;

  update(bytes: Buffer): void {
    this.#size += bytes.length;
    this.#sha256.update(bytes);
    this.#sha512.update(bytes);
  }

  digest(): ArchiveDigest {
    return {
      size: this.#size,
      sha256: this.#sha256.digest('hex'),
      integrity: `sha512-${this.#sha512.digest('base64')}`,
    };
  }
}
