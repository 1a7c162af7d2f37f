import type { ArchiveInput } from './archive-input.ts';
import { openGunzip, openInflateRaw } from './engines.ts';
import { expectPadding, type InflateRequest, inflate } from './inflate.ts';
import type { Refuse } from './refusal.ts';

const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
/** gzip, and the one method that it has. */
const MAGIC = Buffer.from('1f8b08', 'hex');
/** Bits of the header's flags (RFC 1952). */
const FLAG = { headerCrc: 0x02, extra: 0x04, name: 0x08, comment: 0x10, reserved: 0xe0 };
/** A file's name or a comment: nobody needs more. */
const TEXT_BYTES = 64 * 1024;

/**
 * Inflates a gzip stream, all of its members. Of the first, which in practice is the only one, the
 * checksum is not taken: that costs a tenth of inflating, and the archive's own digest covers every
 * byte. Its length is checked. Members after it are left to zlib's gunzip, checksums and all.
 */
export async function* gunzip(request: Omit<InflateRequest, 'open'>): AsyncGenerator<Buffer> {
  const { input, refuse } = request;
  await readHeader(input, refuse);
  let length = 0;
  for await (const chunk of inflate({ ...request, open: openInflateRaw })) {
    length += chunk.length;
    yield chunk;
  }
  const trailer = await readExactly(input, TRAILER_BYTES, refuse);
  if (trailer.readUInt32LE(4) !== length % 2 ** 32) throw refuse('corrupt', null);
  const following = await input.read(1);
  input.putBack(following);
  if ((following[0] ?? 0) !== 0) yield* inflate({ ...request, open: openGunzip });
  await expectPadding(input, refuse);
}

async function readHeader(input: ArchiveInput, refuse: Refuse): Promise<void> {
  const header = await readExactly(input, HEADER_BYTES, refuse);
  const flags = header[MAGIC.length] ?? 0;
  const known = header.subarray(0, MAGIC.length).equals(MAGIC) && (flags & FLAG.reserved) === 0;
  if (!known) throw refuse('corrupt', null);
  if ((flags & FLAG.extra) !== 0) {
    const size = await readExactly(input, 2, refuse);
    await readExactly(input, size.readUInt16LE(0), refuse);
  }
  if ((flags & FLAG.name) !== 0) await skipText(input, refuse);
  if ((flags & FLAG.comment) !== 0) await skipText(input, refuse);
  if ((flags & FLAG.headerCrc) !== 0) await readExactly(input, 2, refuse);
}

async function skipText(input: ArchiveInput, refuse: Refuse): Promise<void> {
  for (let length = 0; length < TEXT_BYTES; length += 1) {
    const [byte] = await readExactly(input, 1, refuse);
    if (byte === 0) return;
  }
  throw refuse('corrupt', null);
}

async function readExactly(input: ArchiveInput, length: number, refuse: Refuse): Promise<Buffer> {
  const bytes = await input.read(length);
  if (bytes.length < length) throw refuse('truncated', null);
  return bytes;
}
