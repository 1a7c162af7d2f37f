import { onAbort } from '../connection/abort-listeners.ts';
import type { FlowControl } from '../connection/flow-control.ts';
import { AbortedError, AppServerError, EventsLostError } from '../errors.ts';

/** How much of a turn's events is kept unread, in characters of their JSON text. */
export interface QueueLimits {
  /** From here on its reader is "behind": see {@link FlowControl}. */
  readonly soft: number;
  /** From here on later events are let go, and the reader is told. */
  readonly hard: number;
}

interface Entry<T> {
  readonly event: T;
  readonly size: number;
}

interface Waiter<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: Error): void;
}

/** The events of one turn for one reader, in order; it holds them from before the reader comes. */
export class EventQueue<T> {
  readonly #flow: FlowControl;
  readonly #limits: QueueLimits;
  #entries: (Entry<T> | undefined)[] = [];
  #head = 0;
  #size = 0;
  /** Nobody reads yet, somebody reads, the reader has left. */
  #state: 'idle' | 'read' | 'left' = 'idle';
  #behind = false;
  #waiters: Waiter<T>[] = [];
  #ended = false;
  #failure: Error | undefined;
  #release: (() => void) | undefined;

  constructor(flow: FlowControl, limits: QueueLimits) {
    this.#flow = flow;
    this.#limits = limits;
    flow.change('unattended', 1);
  }

  /** `size` is the length of the event's JSON text. */
  push(event: T, size: number): void {
    if (this.#ended || this.#state === 'left') return;
    if (this.#waiters.length > 0) {
      this.#settle((waiter) => waiter.resolve({ value: event, done: false }));
    } else if (this.#size + size > this.#limits.hard) {
      this.fail(lost(this.#limits.hard));
    } else {
      this.#entries.push({ event, size });
      this.#size += size;
      this.#weigh();
    }
  }

  /** No more events: the reader gets what is here, then the end. */
  end(): void {
    this.#stop(undefined);
  }

  /** No more events: the reader gets what is here, then `error`. */
  fail(error: Error): void {
    this.#stop(error);
  }

  /** Keeps only the events that `wanted` accepts; for what came before the turn's id was known. */
  filter(wanted: (event: T) => boolean): void {
    this.#entries = this.#entries.slice(this.#head).filter((entry) => entry && wanted(entry.event));
    this.#head = 0;
    this.#size = this.#entries.reduce((sum, entry) => sum + (entry?.size ?? 0), 0);
    this.#weigh();
  }

  /**
   * The one reader. When it leaves its loop, later events are let go; the turn itself goes on.
   * An abort ends the reading with an error, after `interrupt` was called.
   * @throws AppServerError when somebody reads already or has read.
   */
  read(signal?: AbortSignal, interrupt?: () => void): AsyncIterableIterator<T> {
    if (this.#state !== 'idle') {
      throw new AppServerError('The events of this turn have a reader already.', {
        hint: 'Call stream() or run() once per turn.',
      });
    }
    this.#state = 'read';
    if (!this.#ended) this.#flow.change('unattended', -1);
    this.#weigh();
    if (signal !== undefined) this.#obey(signal, interrupt);
    const reader: AsyncIterableIterator<T> = {
      next: () => this.#next(),
      return: () => {
        this.leave();
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]: () => reader,
    };
    return reader;
  }

  /** Drops what is here and what comes. */
  leave(): void {
    if (this.#state === 'left') return;
    if (this.#state === 'idle' && !this.#ended) this.#flow.change('unattended', -1);
    this.#state = 'left';
    this.#failure = undefined;
    this.#clear();
    this.#finish();
  }

  #next(): Promise<IteratorResult<T>> {
    const entry = this.#entries[this.#head];
    if (entry !== undefined) {
      this.#entries[this.#head] = undefined;
      this.#head += 1;
      this.#size -= entry.size;
      if (this.#head === this.#entries.length) this.#clear();
      this.#weigh();
      return Promise.resolve({ value: entry.event, done: false });
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#flow.change('waiting', 1);
      if (this.#ended || this.#state === 'left') this.#finish();
    });
  }

  #stop(failure: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    if (this.#state === 'idle') this.#flow.change('unattended', -1);
    this.#weigh();
    if (this.#waiters.length > 0) this.#finish();
  }

  #obey(signal: AbortSignal, interrupt: (() => void) | undefined): void {
    const abort = () => {
      interrupt?.();
      this.#clear();
      this.#ended = true;
      this.#failure = new AbortedError('Reading the turn', signal);
      this.#weigh();
      if (this.#waiters.length > 0) this.#finish();
    };
    this.#release = onAbort(signal, abort);
  }

  /** Tells everybody who waits that this was all; a failure is told once. */
  #finish(): void {
    this.#release?.();
    this.#release = undefined;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) this.#settle((waiter) => waiter.reject(failure));
    while (this.#waiters.length > 0) {
      this.#settle((waiter) => waiter.resolve({ value: undefined, done: true }));
    }
  }

  #settle(how: (waiter: Waiter<T>) => void): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return;
    how(waiter);
    this.#flow.change('waiting', -1);
  }

  #clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#size = 0;
    this.#weigh();
  }

  /** Behind above the soft limit, and no longer behind only at half of it: no flutter. */
  #weigh(): void {
    const limit = this.#behind ? this.#limits.soft / 2 : this.#limits.soft;
    const behind = this.#state === 'read' && !this.#ended && this.#size > limit;
    if (behind === this.#behind) return;
    this.#behind = behind;
    this.#flow.change('behind', behind ? 1 : -1);
  }
}

function lost(limit: number): EventsLostError {
  return new EventsLostError(`A turn had more than ${limit} characters of unread events.`, {
    hint: 'Read the events as they come, or raise maxUnread.',
    fields: { limit },
  });
}
