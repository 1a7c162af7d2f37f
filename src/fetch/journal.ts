import { type FileHandle, open, readFile } from 'node:fs/promises';
import { removeFile } from '../disk/until-unblocked.ts';
import { addInterval, type Interval, type IntervalSet } from './intervals.ts';

/**
 * Which parts of a partial file are there, once they no longer come in order. One line
 * `<start> <end>` is appended after the bytes were written, so a killed process leaves at most
 * bytes that the journal does not know of, never the reverse.
 */
export interface Journal {
  record(interval: Interval): Promise<void>;
  close(): Promise<void>;
}

export async function openJournal(path: string): Promise<Journal> {
  const file: FileHandle = await open(path, 'a', 0o600);
  return {
    async record({ start, end }) {
      await file.appendFile(`${start} ${end}\n`);
    },
    close: () => file.close(),
  };
}

/** Undefined when there is no journal: then the file holds what its length says, in order. */
export async function loadJournal(path: string): Promise<IntervalSet | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let set: IntervalSet = [];
  // The last line may have been cut off: without its line end it does not count.
  for (const line of text.split('\n').slice(0, -1)) {
    const match = /^(\d+) (\d+)$/.exec(line);
    if (match !== null) set = addInterval(set, { start: Number(match[1]), end: Number(match[2]) });
  }
  return set;
}

export async function removeJournal(path: string): Promise<void> {
  await removeFile(path);
}
