import { type FileHandle, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk-error.ts';
import type { Asset } from '../resolve/asset.ts';

/** Which edition of an asset the bytes of a partial file are; beside it as `<id>.json`. */
export interface Edition {
  /** The source's address. */
  readonly source: string;
  readonly validator: string;
  readonly total: number;
}

/** What earlier runs left of an asset, and where this one writes: a file that only grows. */
export interface Partial {
  readonly path: string;
  /** Bytes that were there when it was opened, and of which edition. */
  readonly found: { readonly length: number; readonly edition: Edition } | null;
  /** The bytes that were found, in order. */
  read(): AsyncIterable<Buffer>;
  /** Remembers the edition before the first of its bytes is written. */
  begin(edition: Edition | null): Promise<void>;
  /** Takes bytes for the end of the file; resolves when there is room for more. */
  append(chunk: Buffer): Promise<void> | undefined;
  /** Everything taken is in the file. */
  flush(): Promise<void>;
  /** Starts with an empty file. */
  reset(): Promise<void>;
  /** Ends writing; what is there stays. */
  close(): Promise<void>;
  /** Removes the file and what belongs to it. */
  discard(): Promise<void>;
}

const READ_SIZE = 2 ** 20;
/** Bytes that may wait for the disk before the download waits too. */
const HELD_BYTES = 8 * 2 ** 20;

/** The name of an asset's partial file: bytes with another digest are another file. */
export function partialId(asset: Asset): string {
  const [digest] = asset.digests;
  return digest === undefined ? 'unverifiable' : `${digest.algorithm}-${digest.hex}`;
}

/** @throws CodexRuntimeError `DISK_FULL`, `PERMISSION_DENIED`, `INSTALL_FAILED` */
export async function openPartial(dir: string, id: string): Promise<Partial> {
  const path = join(dir, id);
  const sidecar = `${path}.json`;
  const doing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw diskError(error, 'keep the download', path);
    }
  };
  const file = await doing(async () => {
    await mkdir(dir, { recursive: true });
    return open(path, 'a+', 0o600);
  });
  const found = await doing(() => findEdition(file, sidecar));
  const writer = createWriter(file);
  return {
    path,
    found,
    read: () => readFrom(file, found?.length ?? 0),
    append: (chunk) => writer.append(chunk),
    flush: () => doing(writer.flush),
    begin: (edition) =>
      doing(() =>
        edition === null
          ? rm(sidecar, { force: true })
          : writeFile(sidecar, JSON.stringify({ schemaVersion: 1, ...edition }), { mode: 0o600 }),
      ),
    reset: () =>
      doing(async () => {
        await writer.flush();
        await rm(sidecar, { force: true });
        await file.truncate(0);
      }),
    close: () =>
      doing(async () => {
        await writer.flush().finally(() => file.close());
      }),
    async discard() {
      await rm(path, { force: true });
      await rm(sidecar, { force: true });
    },
  };
}

async function findEdition(file: FileHandle, sidecar: string): Promise<Partial['found']> {
  const { size } = await file.stat();
  const edition = parseEdition(await readFile(sidecar, 'utf8').catch(() => ''));
  if (edition !== null && size > 0 && size <= edition.total) return { length: size, edition };
  await file.truncate(0);
  return null;
}

function parseEdition(text: string): Edition | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { schemaVersion, source, validator, total } = (value ?? {}) as Record<string, unknown>;
  if (schemaVersion !== 1 || typeof source !== 'string') return null;
  if (typeof validator !== 'string' || typeof total !== 'number') return null;
  return { source, validator, total };
}

async function* readFrom(file: FileHandle, length: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < length; ) {
    const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE, length - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Appends in one write whatever came while the one before was under way. */
function createWriter(file: FileHandle) {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let writing: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    while (held.length > 0) {
      const batch = held;
      held = [];
      heldBytes = 0;
      await writeAll(file, batch);
    }
    writing = undefined;
  };
  const flush = async () => {
    await writing;
  };
  return {
    flush,
    append(chunk: Buffer): Promise<void> | undefined {
      held.push(chunk);
      heldBytes += chunk.length;
      if (writing === undefined) {
        writing = drain();
        // Reported to whoever flushes or appends next; until then nobody waits for it.
        writing.catch(() => undefined);
      }
      return heldBytes > HELD_BYTES ? flush() : undefined;
    },
  };
}

async function writeAll(file: FileHandle, batch: Buffer[]): Promise<void> {
  const wanted = batch.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await file.writev(batch);
  if (bytesWritten === wanted) return;
  const rest = Buffer.concat(batch).subarray(bytesWritten);
  await file.appendFile(rest);
}
