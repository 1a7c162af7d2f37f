import { diskError } from '../disk/disk-error.ts';

const WAITING_AT_MOST = 32;

/**
 * Runs fsyncs one after the other beside other work: more at once would take the thread pool away
 * from inflating. The first failure is kept and thrown to whoever asks next.
 */
export class SyncQueue {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #error: unknown;
  #abandoned = false;

  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** Queues `sync`; waits only when too many files are open already. */
  async add(sync: () => Promise<void>, path: string): Promise<void> {
    this.#check();
    this.#waiting += 1;
    this.#last = this.#last
      .then(() => (this.#abandoned ? undefined : sync()))
      .then(
        () => {
          this.#waiting -= 1;
        },
        (error: unknown) => {
          this.#waiting -= 1;
          this.#error ??= diskError(error, 'write a file to the disk', path, 'home');
        },
      );
    if (this.#waiting >= WAITING_AT_MOST) await this.settled();
  }

  async settled(): Promise<void> {
    await this.#last;
    this.#check();
  }

  /** Waits for the running fsync and starts no other: what failed need not reach the disk. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    await this.#last;
  }

  #check(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}
