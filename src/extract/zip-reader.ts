import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { throwIfAborted } from '../abort.ts';
import { diskError } from '../disk/disk-error.ts';
import { ArchiveInput } from './archive-input.ts';
import { decodeUtf8 } from './byte-checks.ts';
import { openInflateRaw } from './engines.ts';
import type { ExtractLimits } from './extract.ts';
import { inflateAll } from './inflate.ts';
import type { Member } from './member.ts';
import type { Refuse } from './refusal.ts';
import { ZipFileReader } from './zip-file.ts';
import { hasDescriptor, isDeflated, type Located, locate, rawName } from './zip-member.ts';

const DESCRIPTOR_BYTES = 24;

export interface ZipRequest {
  readonly path: string;
  readonly limits: ExtractLimits;
  readonly refuse: Refuse;
  readonly signal: AbortSignal | undefined;
}

/** The members of a zip file. The whole directory is checked before the first byte is inflated. */
export async function* readZip(request: ZipRequest): AsyncGenerator<Member> {
  const { path, refuse } = request;
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw diskError(error, 'read the downloaded archive', path);
  });
  try {
    const { size } = await handle.stat();
    const reader = new ZipFileReader(handle);
    const zip = await openZip(reader, size, refuse);
    for (const member of await locateAll(zip, request)) {
      yield { ...member, body: bodyOf(reader, member, request) };
    }
  } finally {
    await handle.close();
  }
}

function openZip(reader: ZipFileReader, size: number, refuse: Refuse): Promise<ZipFile> {
  const options = { autoClose: false, decodeStrings: false, lazyEntries: true };
  return new Promise((resolve, reject) => {
    yauzl.fromRandomAccessReader(reader, size, options, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(refuse('corrupt', null, error));
    });
  });
}

async function locateAll(zip: ZipFile, { limits, refuse }: ZipRequest): Promise<Located[]> {
  if (zip.entryCount > limits.entries) throw refuse('too-many-members', null);
  const directory = Number(zip.readEntryCursor);
  const members: Located[] = [];
  for await (const entry of entriesOf(zip, refuse)) {
    const name = decodeUtf8(rawName(entry));
    if (name === undefined) throw refuse('malformed-name', rawName(entry).toString('latin1'));
    members.push(await locate({ zip, entry, name, refuse }));
  }
  expectNoGaps(members, directory, refuse);
  return members;
}

/**
 * Members that share bytes let a small archive unpack to petabytes. Bytes between members can hide
 * one that only a reader of local headers sees.
 */
function expectNoGaps(members: readonly Located[], directory: number, refuse: Refuse): void {
  let [end, slack] = [0, 0];
  for (const member of members.toSorted((a, b) => a.start - b.start)) {
    if (member.start < end || member.start > end + slack) throw refuse('ambiguous', member.name);
    end = member.end;
    slack = hasDescriptor(member.entry) ? DESCRIPTOR_BYTES : 0;
  }
  if (directory < end || directory > end + slack) throw refuse('ambiguous', null);
}

async function* entriesOf(zip: ZipFile, refuse: Refuse): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    throw refuse('corrupt', null, error);
  }
}

/** A member's bytes: as many as announced, with the announced CRC-32. */
async function* bodyOf(
  reader: ZipFileReader,
  member: Located,
  { limits, refuse, signal }: ZipRequest,
): AsyncGenerator<Buffer> {
  const stored = reader.stream(member.data, member.end);
  const input = new ArchiveInput(stored, signal);
  const open = () => openInflateRaw(member.size);
  const inflated = isDeflated(member.entry) ? inflateAll({ input, open, limits, refuse }) : stored;
  let crc = 0;
  let size = 0;
  for await (const chunk of inflated) {
    throwIfAborted(signal);
    size += chunk.length;
    if (size > member.size) throw refuse('ambiguous', member.name);
    crc = crc32(chunk, crc);
    yield chunk;
  }
  throwIfAborted(signal);
  if (size < member.size) throw refuse('truncated', member.name);
  if (crc !== member.entry.crc32) throw refuse('corrupt', member.name);
}
