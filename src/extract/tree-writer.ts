import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { syncDirectory } from '../disk/sync-directory.ts';
import { writeAll } from '../disk/write-all.ts';
import { endsMemory, returnMemory } from '../fetch/index.ts';
import type { RuntimeFile } from './extract.ts';
import { SyncQueue } from './sync-queue.ts';

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
const DIRECTORY_MODE = 0o755;
/** Written bytes after which the disk is asked to begin, so that little is left for the last fsync. */
const SYNC_EVERY_BYTES = 32 * 1024 * 1024;
const WRITES_AT_ONCE = 2;

/** Writes a tree of new files under `destination`; modes are exact whatever the umask is. */
export class TreeWriter {
  readonly #destination: string;
  readonly #directories = new Set<string>();
  readonly #files: RuntimeFile[] = [];
  readonly #syncs = new SyncQueue();
  readonly #open = new Set<FileHandle>();

  constructor(destination: string) {
    this.#destination = destination;
  }

  /** Makes a directory and its parents; made twice is made once. */
  async addDirectory(path: string): Promise<void> {
    if (path === '' || this.#directories.has(path)) return;
    await this.addDirectory(parentOf(path));
    const absolute = join(this.#destination, path);
    try {
      await mkdir(absolute, { mode: DIRECTORY_MODE });
      // mkdir's mode passes through the umask, chmod's does not.
      await chmod(absolute, DIRECTORY_MODE);
    } catch (error) {
      throw diskError(error, 'create a directory', absolute, 'home');
    }
    this.#directories.add(path);
  }

  /** Writes one new file; its fsync goes on while the next file is written. */
  async addFile(path: string, mode: number, body: AsyncIterable<Buffer>): Promise<void> {
    await this.addDirectory(parentOf(path));
    const absolute = join(this.#destination, path);
    const handle = await open(absolute, NEW_FILE, 0o600).catch((error: unknown) => {
      throw diskError(error, 'create a file', absolute, 'home');
    });
    this.#open.add(handle);
    const hash = createHash('sha256');
    const size = await this.#write({ handle, path: absolute }, body, hash);
    await this.#syncs.add(async () => {
      await handle.chmod(mode);
      await handle.sync();
      this.#open.delete(handle);
      await handle.close();
    }, absolute);
    this.#files.push({ path, size, mode, sha256: hash.digest('hex') });
  }

  /** Waits until every byte and name is on the disk; the files, sorted by path. */
  async finish(): Promise<readonly RuntimeFile[]> {
    await this.#syncs.settled();
    for (const path of ['', ...this.#directories]) {
      const absolute = join(this.#destination, path);
      await syncDirectory(absolute).catch((error: unknown) => {
        throw diskError(error, 'write a directory', absolute, 'home');
      });
    }
    return this.#files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Closes what is open after a failure; the files stay for the caller to remove. */
  async abandon(): Promise<void> {
    await this.#syncs.abandon();
    await Promise.allSettled([...this.#open].map((handle) => handle.close()));
  }

  async #write(
    { handle, path }: { readonly handle: FileHandle; readonly path: string },
    body: AsyncIterable<Buffer>,
    hash: Hash,
  ): Promise<number> {
    const window = new WriteWindow(handle, path);
    let synced = 0;
    try {
      for await (const chunk of body) {
        const room = window.write(chunk);
        // Before the write can have ended, with which the bytes are gone.
        hash.update(chunk);
        await room;
        if (window.position - synced < SYNC_EVERY_BYTES || !this.#syncs.idle) continue;
        synced = window.position;
        await this.#syncs.add(() => handle.datasync(), path);
      }
    } finally {
      await window.settled();
    }
    window.throwIfFailed();
    return window.position;
  }
}

/** A few positioned writes at once: the thread pool writes while the event loop hashes. */
class WriteWindow {
  position = 0;
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #pending = new Set<Promise<void>>();
  /** How many running writes read from each memory. */
  readonly #readers = new Map<ArrayBufferLike, number>();
  /** What no further piece will come from. */
  readonly #ended = new Set<ArrayBufferLike>();
  #error: unknown;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  async write(chunk: Buffer): Promise<void> {
    this.throwIfFailed();
    const { buffer: memory } = chunk;
    const isLast = endsMemory(chunk);
    this.#readers.set(memory, (this.#readers.get(memory) ?? 0) + 1);
    const writing = writeAll(this.#handle, chunk, this.position)
      .catch((error: unknown) => {
        this.#error ??= error;
      })
      .finally(() => {
        this.#pending.delete(writing);
        this.#forget(memory, isLast);
      });
    this.#pending.add(writing);
    this.position += chunk.length;
    if (this.#pending.size >= WRITES_AT_ONCE) await Promise.race(this.#pending);
  }

  /** Pieces of one memory come in order, so with its last piece and the last write it is used up. */
  #forget(memory: ArrayBufferLike, isLast: boolean): void {
    const left = (this.#readers.get(memory) ?? 1) - 1;
    if (isLast) this.#ended.add(memory);
    this.#readers.set(memory, left);
    if (left > 0) return;
    this.#readers.delete(memory);
    if (this.#ended.delete(memory)) returnMemory(memory);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  throwIfFailed(): void {
    if (this.#error !== undefined) throw diskError(this.#error, 'write a file', this.#path, 'home');
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}
