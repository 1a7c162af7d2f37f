/**
 * The wire between a program and its script host: frames of a length, a small JSON header and a
 * body. Source, values and snapshots travel as data in the body; nothing is ever pasted into code.
 *
 * `u32 LE: bytes that follow | u16 LE: bytes of the header | header: JSON | body`
 */

/** Told in the first frame; both sides come from one build, so a difference is a mixed installation. */
export const PROTOCOL_VERSION = 1;

/** No frame is longer: more means that the other side is broken. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

const LENGTH_BYTES = 4;
const HEADER_LENGTH_BYTES = 2;

export interface Frame<Header> {
  readonly header: Header;
  readonly body: Buffer;
}

/** Thrown for bytes that are not frames; the stream cannot be read any further. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export function encodeFrame(header: object, body: Uint8Array | string = ''): Buffer {
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  const { frame, start } = startFrame(header, { bodyBytes, room: bodyBytes });
  if (typeof body === 'string') frame.write(body, start, 'utf8');
  else frame.set(body, start);
  return frame;
}

/** All of a frame but its body, which has to follow: a large one need not be copied. */
export function encodeHead(header: object, { byteLength }: Uint8Array): Buffer {
  return startFrame(header, { bodyBytes: byteLength, room: 0 }).frame;
}

function startFrame(
  header: object,
  { bodyBytes, room }: { readonly bodyBytes: number; readonly room: number },
): { readonly frame: Buffer; readonly start: number } {
  const head = Buffer.from(JSON.stringify(header), 'utf8');
  const following = HEADER_LENGTH_BYTES + head.length + bodyBytes;
  if (following > MAX_FRAME_BYTES) {
    throw new FrameError(`A message of ${following} bytes is longer than ${MAX_FRAME_BYTES}.`);
  }
  const start = LENGTH_BYTES + HEADER_LENGTH_BYTES + head.length;
  const frame = Buffer.allocUnsafe(start + room);
  frame.writeUInt32LE(following, 0);
  frame.writeUInt16LE(head.length, LENGTH_BYTES);
  head.copy(frame, LENGTH_BYTES + HEADER_LENGTH_BYTES);
  return { frame, start };
}

/** Collects bytes and gives the whole frames among them. */
export class FrameReader<Header> {
  readonly #isHeader: (value: unknown) => value is Header;
  #chunks: Buffer[] = [];
  #held = 0;
  /** Headers mostly are as the one before them. */
  #last: { readonly text: string; readonly header: Header } | undefined;

  constructor(isHeader: (value: unknown) => value is Header) {
    this.#isHeader = isHeader;
  }

  /** @throws FrameError for a length, header or JSON that no frame has */
  push(chunk: Buffer): Frame<Header>[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const frames: Frame<Header>[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): Frame<Header> | undefined {
    if (this.#held < LENGTH_BYTES) return undefined;
    const following = this.#joined(LENGTH_BYTES).readUInt32LE(0);
    if (following > MAX_FRAME_BYTES || following < HEADER_LENGTH_BYTES) {
      throw new FrameError(`A frame says that it has ${following} bytes.`);
    }
    const total = LENGTH_BYTES + following;
    if (this.#held < total) return undefined;
    const whole = this.#joined(total);
    this.#chunks[0] = whole.subarray(total);
    this.#held -= total;
    const headerEnd = LENGTH_BYTES + HEADER_LENGTH_BYTES + whole.readUInt16LE(LENGTH_BYTES);
    if (headerEnd > total) throw new FrameError('A header is longer than its frame.');
    const text = whole.toString('utf8', LENGTH_BYTES + HEADER_LENGTH_BYTES, headerEnd);
    return { header: this.#parse(text), body: whole.subarray(headerEnd, total) };
  }

  /** The first `bytes` in one buffer; chunks are joined only when a frame needs it. */
  #joined(bytes: number): Buffer {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= bytes) return first;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  #parse(text: string): Header {
    if (this.#last?.text === text) return this.#last.header;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new FrameError('A header is not JSON.', { cause });
    }
    if (!this.#isHeader(value))
      throw new FrameError(`A header is not known: ${text.slice(0, 200)}`);
    this.#last = { text, header: value };
    return value;
  }
}
