import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { removeFile } from '../disk/until-unblocked.ts';
import { writeAll } from '../disk/write-all.ts';
import { createAppendWriter } from './append-writer.ts';
import { PARTIAL_SUFFIXES } from './claim.ts';
import { addInterval, type Interval, type IntervalSet, reachFrom, sizeOf } from './intervals.ts';
import {
  type Edition,
  type Journal,
  loadEdition,
  loadJournal,
  openJournal,
  removeJournal,
  saveEdition,
} from './partial-records.ts';

/**
 * What there is of an asset on this disk. Three files: the bytes; `.json`, which edition they are;
 * and, once bytes came out of order, `.journal`, which of them are there.
 * Every method throws CodexRuntimeError `DISK_FULL`, `PERMISSION_DENIED`, `INSTALL_FAILED`.
 */
export interface PartialFile {
  readonly path: string;
  /** What an earlier run left; null when nothing of it can be continued. */
  readonly found: Edition | null;
  /** The bytes that are there. */
  readonly have: IntervalSet;
  /** Remembers the edition before the first of its bytes comes. */
  begin(edition: Edition | null): Promise<void>;
  /** Takes bytes for the end; when a promise comes back, wait for it before the next ones. */
  append(chunk: Buffer): Promise<void> | undefined;
  /** Everything appended is in the file. */
  flush(): Promise<void>;
  /** Writes bytes anywhere; after the first time, nothing is appended any more. */
  writeAt(chunk: Buffer, start: number): Promise<void>;
  /** Up to 1 MiB from `start`, not beyond `end`. */
  readAt(start: number, end: number): Promise<Buffer>;
  /** Forgets everything from `length` on; what follows is appended. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
  /** Removes all three files. */
  discard(): Promise<void>;
}

const READ_SIZE = 2 ** 20;
/** Bytes of one run of writes that the journal may not know of yet. */
const UNRECORDED_BYTES = 128 * 2 ** 10;

export async function openPartial(path: string): Promise<PartialFile> {
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw diskError(error, 'keep the download', path);
    }
  };
  return guard(async () => {
    await makeDirectory(dirname(path));
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const left = await findLeft(path, file);
      return createPartial({ path, file, left, guard });
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

type Guard = <T>(work: () => Promise<T>) => Promise<T>;

interface Left {
  readonly edition: Edition | null;
  readonly have: IntervalSet;
}

interface OpenPartial {
  readonly path: string;
  readonly file: FileHandle;
  readonly left: Left;
  readonly guard: Guard;
}

async function findLeft(path: string, file: FileHandle): Promise<Left> {
  const edition = await loadEdition(`${path}.json`);
  const { size } = await file.stat();
  const recorded = await loadJournal(`${path}.journal`);
  const have = recorded ?? addInterval([], { start: 0, end: size });
  const reach = have.at(-1)?.end ?? 0;
  const usable = edition !== undefined && reach > 0 && reach <= Math.min(size, edition.total);
  const inOrder = !usable || (have.length === 1 && have[0]?.start === 0);
  if (inOrder) {
    await shorten(file, usable ? reach : 0);
    await removeJournal(`${path}.journal`);
  }
  return usable ? { edition, have } : { edition: null, have: [] };
}

/**
 * Cuts the file off at `length`. Of a file that was cut to nothing, be it empty before, ext4 writes
 * everything to the disk when it is closed, which a download that is about to be removed never needs.
 */
async function shorten(file: FileHandle, length: number): Promise<void> {
  const { size } = await file.stat();
  if (size > length) await file.truncate(length);
}

function createPartial({ path, file, left, guard }: OpenPartial): PartialFile {
  let have = left.have;
  let writer = createAppendWriter(file, reachFrom(have, 0));
  let unrecorded: IntervalSet = [];
  let journal: Promise<Journal> | undefined;

  /** From here on the file's length says nothing; the journal has to know of the start first. */
  const startJournal = async (): Promise<Journal> => {
    await writer.flush();
    const opened = await openJournal(`${path}.journal`);
    for (const interval of have) await opened.record(interval);
    return opened;
  };
  const record = async (interval: Interval | null): Promise<void> => {
    if (interval !== null) unrecorded = addInterval(unrecorded, interval);
    if (journal === undefined || (interval !== null && sizeOf(unrecorded) < UNRECORDED_BYTES))
      return;
    const due = unrecorded;
    unrecorded = [];
    for (const one of due) await (await journal).record(one);
  };
  const stopJournal = async (): Promise<void> => {
    await record(null);
    await (await journal)?.close();
    journal = undefined;
  };

  return {
    path,
    found: left.edition,
    get have() {
      return have;
    },
    begin: (edition) => guard(() => saveEdition(`${path}.json`, edition)),
    append(chunk) {
      const start = reachFrom(have, 0);
      have = addInterval(have, { start, end: start + chunk.length });
      const room = writer.append(chunk);
      return room === undefined ? undefined : guard(() => room);
    },
    flush: () => guard(writer.flush),
    writeAt: (chunk, start) =>
      guard(async () => {
        journal ??= startJournal();
        await journal;
        await writeAll(file, chunk, start);
        const interval = { start, end: start + chunk.length };
        have = addInterval(have, interval);
        await record(interval);
      }),
    readAt: (start, end) =>
      guard(async () => {
        await writer.flush();
        const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE, end - start));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
        return buffer.subarray(0, bytesRead);
      }),
    truncate: (length) =>
      guard(async () => {
        await writer.flush();
        await stopJournal();
        await removeJournal(`${path}.journal`);
        await shorten(file, length);
        have = addInterval([], { start: 0, end: length });
        writer = createAppendWriter(file, length);
      }),
    close: () =>
      guard(async () => {
        try {
          await writer.flush();
          await stopJournal();
        } finally {
          await file.close();
        }
      }),
    discard: () =>
      guard(async () => {
        for (const suffix of PARTIAL_SUFFIXES) await removeFile(path + suffix);
      }),
  };
}
