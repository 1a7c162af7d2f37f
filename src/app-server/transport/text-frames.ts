import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { inOneLine } from './line-batch.ts';

const NEWLINE = 0x0a;
const BLANK = 0x20;
const WHOLE_TEXT = 0x81;
const CLOSE = 0x88;
const PONG = 0x8a;
const MASKED = 0x80;
/** The longest head of a frame that has no mask. */
const MAX_HEAD = 10;
const END_OF_HEAD = '\r\n\r\n';
/** No answer to an upgrade is longer than Node takes. */
const MAX_ANSWER = 16 * 1024;

export interface TextTaps {
  readonly maxMessageBytes: number;
  /** Gets the bytes of a message; they are its own until it returns. */
  readonly onText: (message: Buffer) => void;
  /** Gets many small messages at once, a line each, and the bytes that they have without the line breaks. */
  readonly onLines: (lines: Buffer, messageBytes: number) => void;
}

/**
 * Stands between a socket and the WebSocket that reads it, and takes whole text messages out: a
 * server sends thousands of small ones a second, and the library makes five objects and two events
 * of each. The answer to the upgrade and control frames go on to the library. So does, from the
 * first frame on that is anything else (a part of a message, a message that is too long or is not
 * UTF-8, a mask), all that comes: the library knows what to do about it, and the order stays.
 */
export class TextFrames extends Duplex {
  readonly #socket: Socket;
  readonly #taps: TextTaps;
  /** What is done with the bytes that come. */
  #take: (chunk: Buffer) => void = (chunk) => this.#takeAnswer(chunk);
  /** The beginning of a frame whose length is not known yet, or of the answer to the upgrade. */
  #start: Buffer = Buffer.alloc(0);
  /** A frame that has begun, and how much of it is there. */
  #frame: Buffer | undefined;
  #filled = 0;

  constructor(socket: Socket, taps: TextTaps) {
    super();
    this.#socket = socket;
    this.#taps = taps;
    socket
      .on('data', (chunk: Buffer) => this.#take(chunk))
      .on('end', () => this.push(null))
      .on('error', (error) => this.destroy(error))
      .on('close', () => this.destroy());
  }

  /** Not only what the library is to see waits, also the messages that are taken out. */
  override pause(): this {
    this.#socket.pause();
    return super.pause();
  }

  override resume(): this {
    this.#socket.resume();
    return super.resume();
  }

  override _read(): void {
    if (!this.isPaused()) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #takeAnswer(chunk: Buffer): void {
    const all = Buffer.concat([this.#start, chunk]);
    const end = all.indexOf(END_OF_HEAD);
    if (end === -1 && all.length < MAX_ANSWER) {
      this.#start = all;
      return;
    }
    const upgraded = end !== -1 && /^HTTP\/1\.1 101\b/.test(all.toString('latin1', 0, 16));
    if (!upgraded) {
      this.#passOn(all);
      return;
    }
    const body = end + END_OF_HEAD.length;
    this.#start = Buffer.alloc(0);
    this.#take = (next) => this.#takeFrames(next);
    this.push(all.subarray(0, body));
    this.#takeFrames(all.subarray(body));
  }

  /** From here on all is the library's. */
  #passOn(bytes: Buffer): void {
    this.#take = (chunk) => void this.push(chunk);
    if (bytes.length > 0) this.push(bytes);
  }

  #takeFrames(chunk: Buffer): void {
    let bytes = chunk;
    let at = 0;
    if (this.#frame !== undefined) {
      at = bytes.copy(this.#frame, this.#filled);
      this.#filled += at;
      if (this.#filled < this.#frame.length) return;
      const frame = this.#frame;
      this.#frame = undefined;
      if (!this.#takeFrame(frame, 0, headLength(frame, 0) ?? 0, frame.length)) {
        this.#passOn(Buffer.concat([frame, bytes.subarray(at)]));
        return;
      }
    } else if (this.#start.length > 0) {
      bytes = Buffer.concat([this.#start, bytes]);
      this.#start = bytes.subarray(0, 0);
    }
    at = this.#takeRun(bytes, at);
    while (at < bytes.length) {
      const head = headLength(bytes, at);
      if (head === undefined) {
        this.#start = Buffer.from(bytes.subarray(at));
        return;
      }
      const length = payloadLength(bytes, at);
      const end = at + head + length;
      if (!isOurs(bytes, at) || length > this.#taps.maxMessageBytes) {
        this.#passOn(bytes.subarray(at));
        return;
      }
      if (end > bytes.length) {
        this.#frame = Buffer.allocUnsafe(head + length);
        this.#filled = bytes.copy(this.#frame, 0, at);
        return;
      }
      if (!this.#takeFrame(bytes, at, at + head, end)) {
        this.#passOn(bytes.subarray(at));
        return;
      }
      at = end;
    }
  }

  /**
   * Takes the whole messages from `from` on, all at once: to look at each by itself would take
   * longer than to copy it. Where one of them is not UTF-8, none is taken.
   * @returns where the first frame begins that was not taken
   */
  #takeRun(bytes: Buffer, from: number): number {
    // A head is longer than a line break.
    const lines = Buffer.allocUnsafe(bytes.length - from);
    const ends: number[] = [];
    let length = 0;
    let at = from;
    while (bytes[at] === WHOLE_TEXT && isOurs(bytes, at)) {
      const head = headLength(bytes, at);
      if (head === undefined) break;
      const payload = payloadLength(bytes, at);
      const end = at + head + payload;
      if (end > bytes.length || payload > this.#taps.maxMessageBytes) break;
      bytes.copy(lines, length, at + head, end);
      length += payload;
      // A blank for now: it cannot be a part of another character, as a line break cannot.
      lines[length] = BLANK;
      ends.push(length);
      length += 1;
      at = end;
    }
    if (ends.length < 2) return from;
    const run = lines.subarray(0, length);
    if (!isUtf8(run)) return from;
    inOneLine(run);
    for (const end of ends) run[end] = NEWLINE;
    this.#taps.onLines(run, length - ends.length);
    return at;
  }

  /** The frame at `at`, whose payload lies from `from` to `end`. False for what is not UTF-8. */
  #takeFrame(bytes: Buffer, at: number, from: number, end: number): boolean {
    if (bytes[at] !== WHOLE_TEXT) {
      // What the library keeps must not change below it.
      this.push(Buffer.from(bytes.subarray(at, end)));
      return true;
    }
    // One object a message: making them is half of the work.
    const message = bytes.subarray(from, end);
    if (!isUtf8(message)) return false;
    this.#taps.onText(message);
    return true;
  }
}

/** Whole text messages and control frames, without a mask. */
function isOurs(bytes: Buffer, at: number): boolean {
  const first = bytes[at] ?? 0;
  const kind = first === WHOLE_TEXT || (first >= CLOSE && first <= PONG);
  return kind && (bytes[at + 1] ?? MASKED) < MASKED;
}

/** Undefined while the head is not there as a whole. */
function headLength(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < 2) return undefined;
  const code = (bytes[at + 1] ?? 0) & 0x7f;
  const length = code < 126 ? 2 : code === 126 ? 4 : MAX_HEAD;
  return bytes.length - at < length ? undefined : length;
}

/** Of a head that is there as a whole. */
function payloadLength(bytes: Buffer, at: number): number {
  const code = (bytes[at + 1] ?? 0) & 0x7f;
  if (code < 126) return code;
  if (code === 126) return bytes.readUInt16BE(at + 2);
  return bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
}
