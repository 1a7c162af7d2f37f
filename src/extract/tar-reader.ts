import { decodeUtf8, isZero } from './byte-checks.ts';
import { ByteCursor } from './byte-cursor.ts';
import type { ExtractLimits } from './extract.ts';
import type { Member } from './member.ts';
import { type PaxOverrides, parsePax } from './pax.ts';
import type { Refuse } from './refusal.ts';
import { BLOCK, decodeTarHeader, type TarHeader } from './tar-header.ts';

const EXTENDED_HEADER_BYTES = 64 * 1024;
const COMPRESSION_MAGIC = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x42, 0x5a, 0x68],
  [0x50, 0x4b, 0x03, 0x04],
].map((bytes) => Buffer.from(bytes));

/**
 * The members of an uncompressed tar stream. It is our own reader because node-tar's Parser is made
 * to be lenient: it inflates nested archives by itself, cuts names at NUL, turns `\` into `/` on
 * Windows, skips malformed pax records and stops at the end marks. Here the little of the format
 * that releases use is read, and everything else is refused.
 */
export async function* readTar(
  plain: AsyncIterable<Buffer>,
  limits: Pick<ExtractLimits, 'entries'>,
  refuse: Refuse,
): AsyncGenerator<Member> {
  const cursor = new ByteCursor(plain);
  let pending: PaxOverrides = {};
  let extensions = 0;
  for (let first = true; ; first = false) {
    const block = await cursor.read(BLOCK);
    if (first && COMPRESSION_MAGIC.some((magic) => block.subarray(0, magic.length).equals(magic))) {
      throw refuse('nested-compression', null);
    }
    if (block.length < BLOCK) throw refuse('truncated', null);
    if (isZero(block)) {
      if (Object.keys(pending).length > 0) throw refuse('ambiguous', null);
      return await readEnd(cursor, refuse);
    }
    const header = decodeTarHeader(block, refuse);
    if ('xgL'.includes(header.type)) {
      extensions += 1;
      if (extensions > limits.entries) throw refuse('too-many-members', null);
      pending = merge(pending, await readExtension(header, cursor, refuse), refuse);
      continue;
    }
    const member = memberOf(header, pending, refuse);
    pending = {};
    const body = new MemberBody(cursor, member, refuse);
    yield { ...member, body };
    await body.finish();
  }
}

/** Two zero blocks end an archive; up to the end of the stream only zeros may pad it. */
async function readEnd(cursor: ByteCursor, refuse: Refuse): Promise<void> {
  const second = await cursor.read(BLOCK);
  if (second.length < BLOCK) throw refuse('truncated', null);
  if (!isZero(second)) throw refuse('corrupt', null);
  for await (const chunk of cursor.rest()) {
    if (!isZero(chunk)) throw refuse('trailing-data', null);
  }
}

async function readExtension(
  header: TarHeader,
  cursor: ByteCursor,
  refuse: Refuse,
): Promise<PaxOverrides> {
  if (header.size > EXTENDED_HEADER_BYTES) throw refuse('path-too-long', null);
  const padded = await cursor.read(paddedTo(header.size));
  if (padded.length < paddedTo(header.size)) throw refuse('truncated', null);
  const body = padded.subarray(0, header.size);
  if (header.type === 'L') {
    const name = body.at(-1) === 0 ? body.subarray(0, -1) : body;
    return { path: decodeUtf8(name) ?? '\ufffd' };
  }
  const overrides = parsePax(body, refuse);
  if (header.type === 'x') return overrides;
  // A global header that names or measures every following file has no honest use here.
  if (Object.keys(overrides).length > 0) throw refuse('ambiguous', null);
  return {};
}

function merge(known: PaxOverrides, more: PaxOverrides, refuse: Refuse): PaxOverrides {
  for (const key of Object.keys(more)) {
    if (key in known) throw refuse('ambiguous', more.path ?? null);
  }
  return { ...known, ...more };
}

const IMAGE_TMP = /^(?:\.\/)?tmp\/?$/;

function memberOf(
  header: TarHeader,
  pending: PaxOverrides,
  refuse: Refuse,
): Omit<Member, 'body' | 'size'> & { readonly size: number } {
  const name = pending.path ?? header.name;
  const size = pending.size ?? header.size;
  if (header.type === '1' || header.type === '2') throw refuse('hard-or-symbolic-link', name);
  if ('346'.includes(header.type)) throw refuse('special-file', name);
  if (header.type === 'S') throw refuse('sparse-file', name);
  if (header.type !== '0' && header.type !== '5') throw refuse('unsupported-feature', name);
  const kind = header.type === '5' ? 'directory' : 'file';
  // Images have it sticky. Nothing is unpacked to it, and other archives must not have it at all.
  const special = kind === 'directory' && IMAGE_TMP.test(name) ? 0o6000 : 0o7000;
  if ((header.mode & special) !== 0) throw refuse('special-mode', name);
  // Some writers put the file type of stat(2) in front; then it has to agree.
  const stated = header.mode & 0o170000;
  if (stated !== 0 && stated !== (kind === 'file' ? 0o100000 : 0o040000)) {
    throw refuse('ambiguous', name);
  }
  if (kind === 'directory' && size !== 0) throw refuse('ambiguous', name);
  return { name, kind, size, executable: (header.mode & 0o111) !== 0 };
}

/** A member's bytes; what its reader leaves is skipped with the padding. */
class MemberBody implements AsyncIterable<Buffer> {
  readonly #cursor: ByteCursor;
  readonly #name: string;
  readonly #size: number;
  readonly #refuse: Refuse;
  #read = 0;

  constructor(cursor: ByteCursor, member: { name: string; size: number }, refuse: Refuse) {
    this.#cursor = cursor;
    this.#name = member.name;
    this.#size = member.size;
    this.#refuse = refuse;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of this.#cursor.stream(this.#size - this.#read)) {
      this.#read += chunk.length;
      yield chunk;
    }
    if (this.#read < this.#size) throw this.#refuse('truncated', this.#name);
  }

  async finish(): Promise<void> {
    for await (const chunk of this.#cursor.stream(paddedTo(this.#size) - this.#read)) {
      this.#read += chunk.length;
    }
    if (this.#read < paddedTo(this.#size)) throw this.#refuse('truncated', this.#name);
  }
}

function paddedTo(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
