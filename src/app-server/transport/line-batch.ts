import type { Writable } from 'node:stream';

const NEWLINE = 0x0a;
const CAPACITY = 64 * 1024;

/**
 * Messages to lines, many of them a write: on a pipe each write is a call of the system. What came
 * in one turn of the event loop is written in the next at the latest.
 */
export class LineBatch {
  readonly #output: Writable;
  readonly #onFull: () => void;
  #buffer = Buffer.allocUnsafe(CAPACITY);
  #length = 0;
  #scheduled = false;

  /** `onFull` is called when the output takes no more for now; it emits `drain` when it does again. */
  constructor(output: Writable, onFull: () => void) {
    this.#output = output;
    this.#onFull = onFull;
  }

  /** One JSON text; line breaks in it are white space, and become blanks. */
  push(message: Buffer): void {
    if (this.#length + message.length >= CAPACITY) this.flush();
    if (message.length >= CAPACITY) {
      this.#write(Buffer.concat([inOneLine(message), Buffer.of(NEWLINE)]));
      return;
    }
    const at = this.#length;
    message.copy(this.#buffer, at);
    if (message.includes(NEWLINE)) inOneLine(this.#buffer.subarray(at, at + message.length));
    this.#buffer[at + message.length] = NEWLINE;
    this.#length = at + message.length + 1;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Whole lines, which become the output's. */
  pushLines(lines: Buffer): void {
    this.flush();
    this.#write(lines);
  }

  flush(): void {
    if (this.#length === 0) return;
    const full = this.#buffer.subarray(0, this.#length);
    // The output may keep it for a while.
    this.#buffer = Buffer.allocUnsafe(CAPACITY);
    this.#length = 0;
    this.#write(full);
  }

  #write(bytes: Buffer): void {
    if (!this.#output.write(bytes)) this.#onFull();
  }
}

/** JSON has line breaks between its tokens only; in place. */
export function inOneLine(json: Buffer): Buffer {
  for (let at = json.indexOf(NEWLINE); at !== -1; at = json.indexOf(NEWLINE, at)) json[at] = 0x20;
  return json;
}
