import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isErrno } from '../disk/errno.ts';

const FULL = ['EAGAIN', 'EWOULDBLOCK'] as const;

/**
 * stdout and stderr of a process, opened when they are first asked for: Node's streams take longer to
 * load than a run with nothing to do takes for its work.
 */
export class StandardStreams {
  readonly #process: Pick<NodeJS.Process, 'stdout' | 'stderr'>;
  readonly #opened = new Set<Writable>();
  #unwritten = false;

  constructor(process: Pick<NodeJS.Process, 'stdout' | 'stderr'>) {
    this.#process = process;
  }

  get stdout(): NodeJS.WriteStream {
    return this.#open(this.#process.stdout);
  }

  get stderr(): NodeJS.WriteStream {
    return this.#open(this.#process.stderr);
  }

  /** Only a device can be a terminal; no stream is needed to tell. */
  isTerminal(name: 'stdout' | 'stderr'): boolean {
    return isDevice(name === 'stdout' ? 1 : 2) && this[name].isTTY === true;
  }

  /** Writes to stdout, without a stream while there is none. */
  print(text: string): void {
    let rest = Buffer.from(text);
    try {
      while (rest.length > 0 && this.#opened.size === 0) rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // A pipe that takes no more for now: the stream waits for it.
      if (!isErrno(error, ...FULL)) {
        this.#note(error);
        return;
      }
    }
    if (rest.length > 0) this.stdout.write(rest);
  }

  /** Ends once all is written: whether stdout and stderr took it. A reader that left does not count as a failure. */
  async flush(): Promise<boolean> {
    for (const stream of this.#opened) {
      const failure = await new Promise((resolve) => stream.write('', resolve));
      if (failure != null) this.#note(failure);
    }
    return !this.#unwritten;
  }

  #open(stream: NodeJS.WriteStream): NodeJS.WriteStream {
    if (!this.#opened.has(stream)) {
      this.#opened.add(stream);
      stream.on('error', (error) => this.#note(error));
    }
    return stream;
  }

  /** A reader that has seen enough (`| head`) is not our failure; a full disk under stdout is. */
  #note(error: unknown): void {
    if (!isErrno(error, 'EPIPE')) this.#unwritten = true;
  }
}

function isDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    return false;
  }
}
