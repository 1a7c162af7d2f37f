import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import type { AssetSource } from '../asset.ts';
import { removeFile } from '../disk/until-unblocked.ts';
import { asJsonObject, tryParseJson } from '../json.ts';
import { addInterval, type Interval, type IntervalSet } from './intervals.ts';

/** Which edition of an asset the bytes of a partial file are. */
export interface Edition {
  readonly kind: AssetSource['kind'];
  /** The source's address, without anything secret. */
  readonly address: string;
  /** An ETag, a date, a file's own marks, or empty for none. */
  readonly validator: string;
  /** Bytes of the whole asset. */
  readonly total: number;
}

const KINDS: readonly AssetSource['kind'][] = ['api', 'browser', 'gh', 'mirror', 'npm', 'file'];

/** Undefined when the sidecar at `path` is missing or was not written to its end. */
export async function loadEdition(path: string): Promise<Edition | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const value = asJsonObject(tryParseJson(text));
  const { schemaVersion, address, validator, total } = value;
  const kind = KINDS.find((known) => known === value['kind']);
  if (schemaVersion !== 1 || typeof address !== 'string' || kind === undefined) return undefined;
  if (typeof validator !== 'string' || !Number.isSafeInteger(total)) return undefined;
  return { kind, address, validator, total: total as number };
}

/** Bytes without an edition cannot be continued, and then there is no sidecar. */
export async function saveEdition(path: string, edition: Edition | null): Promise<void> {
  if (edition === null) return removeFile(path);
  const text = `${JSON.stringify({ schemaVersion: 1, ...edition })}\n`;
  await writeFile(path, text, { mode: 0o600 });
}

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
