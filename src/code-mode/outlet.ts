import { writeSync } from 'node:fs';
import { encodeFrame, encodeHead } from './frames.ts';
import type { HostEvent } from './protocol.ts';

const FREE = 0;
const STDOUT = 1;
/** How long a pipe that is full is left alone. */
const FULL_MS = 1;
const NEVER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Memory that all threads of a host share: the number of the thread that is writing, or 0. */
export type OutletHold = Int32Array;

export function newOutletHold(): OutletHold {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/**
 * Standard output of the host, to which every thread writes whole frames by itself: on the way
 * through the main thread a tool call would take a third longer. It waits until the program has
 * room, and so holds a script back that writes faster than its program reads.
 */
export class Outlet {
  readonly #hold: OutletHold;
  readonly #self: number;
  readonly #fd: number;

  /** `self` is a number above zero that no other thread has. */
  constructor(hold: OutletHold, self: number, fd: number = STDOUT) {
    this.#hold = hold;
    this.#self = self;
    this.#fd = fd;
  }

  write(event: HostEvent, body: Uint8Array | string = ''): void {
    const parts =
      typeof body === 'string' ? [encodeFrame(event, body)] : [encodeHead(event, body), body];
    this.#take();
    try {
      for (const part of parts) {
        for (let done = 0; done < part.length; ) done += this.#writeSome(part.subarray(done));
      }
    } finally {
      Atomics.store(this.#hold, 0, FREE);
      Atomics.notify(this.#hold, 0, 1);
    }
  }

  /** How many bytes went out: none where the pipe is full and says so, instead of waiting. */
  #writeSome(bytes: Uint8Array): number {
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(NEVER, 0, 0, FULL_MS);
      return 0;
    }
  }

  #take(): void {
    for (;;) {
      const holder = Atomics.compareExchange(this.#hold, 0, FREE, this.#self);
      if (holder === FREE) return;
      Atomics.wait(this.#hold, 0, holder);
    }
  }
}

/** Whether a thread that has ended was writing: it may have left a part of a frame. */
export function wasWriting(hold: OutletHold, thread: number): boolean {
  return Atomics.load(hold, 0) === thread;
}
