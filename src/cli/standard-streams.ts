import { fstatSync, statSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isErrno } from '../disk/errno.ts';

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const;
const FULL = ['EAGAIN', 'EWOULDBLOCK'] as const;

/**
 * stdout and stderr of a process, opened when they are first asked for: Node's streams take longer to
 * load than a run with nothing to do takes for its work.
 */
export class StandardStreams {
  readonly #process: Pick<NodeJS.Process, 'stdout' | 'stderr'>;
  readonly #opened = new Map<'stdout' | 'stderr', Writable>();
  #unwritten = false;

  constructor(process: Pick<NodeJS.Process, 'stdout' | 'stderr'>) {
    this.#process = process;
  }

  get stdout(): NodeJS.WriteStream {
    return this.#open('stdout');
  }

  get stderr(): NodeJS.WriteStream {
    return this.#open('stderr');
  }

  /** Only a device can be a terminal; no stream is needed to tell. */
  isTerminal(name: 'stdout' | 'stderr'): boolean {
    return isDevice(DESCRIPTORS[name]) && this[name].isTTY === true;
  }

  /** Writes to one of them, without a stream while it has none. */
  print(name: 'stdout' | 'stderr', text: string): void {
    let rest = Buffer.from(text);
    try {
      while (rest.length > 0 && !this.#opened.has(name)) {
        rest = rest.subarray(writeSync(DESCRIPTORS[name], rest));
      }
    } catch (error) {
      // A pipe that takes no more for now: the stream waits for it.
      if (!isErrno(error, ...FULL)) {
        this.#note(error);
        return;
      }
    }
    if (rest.length > 0) this[name].write(rest);
  }

  /** Ends once all is written: whether stdout and stderr took it. A reader that left does not count as a failure. */
  async flush(): Promise<boolean> {
    for (const stream of this.#opened.values()) {
      const failure = await new Promise((resolve) => stream.write('', resolve));
      if (failure != null) this.#note(failure);
    }
    return !this.#unwritten;
  }

  #open(name: 'stdout' | 'stderr'): NodeJS.WriteStream {
    const stream = this.#process[name];
    if (!this.#opened.has(name)) {
      this.#opened.set(name, stream);
      stream.on('error', (error) => this.#note(error));
    }
    return stream;
  }

  /** A reader that has seen enough (`| head`) is not our failure; a full disk under stdout is. */
  #note(error: unknown): void {
    if (!isErrno(error, 'EPIPE')) this.#unwritten = true;
  }
}

/** Output that is thrown away goes to a device too, and to none that could be a terminal. */
function isDevice(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    return stats.isCharacterDevice() && stats.rdev !== nullDevice();
  } catch {
    return false;
  }
}

function nullDevice(): number | undefined {
  return process.platform === 'win32' ? undefined : statSync('/dev/null').rdev;
}
