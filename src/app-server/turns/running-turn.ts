import type { FlowControl } from '../connection/flow-control.ts';
import type { Notification } from '../connection/notification.ts';
import { EventQueue, type QueueLimits } from './event-queue.ts';

/** A turn from just before `turn/start` is sent until `turn/completed`. */
export class RunningTurn {
  readonly threadId: string;
  readonly events: EventQueue<Notification>;
  /** The server has told something about the turn: only now can it be steered or interrupted. */
  readonly begun: Promise<void>;
  /** Nothing more will come of it: it was completed or refused, or the server is gone. */
  readonly over: Promise<void>;
  #begin: () => void = never;
  #finish: () => void = never;
  #isOver = false;

  constructor(threadId: string, flow: FlowControl, limits: QueueLimits) {
    this.threadId = threadId;
    this.events = new EventQueue(flow, limits);
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  push(notification: Notification, size: number): void {
    this.events.push(notification, size);
  }

  markBegun(): void {
    this.#begin();
  }

  /** With an error, the reader gets it after what is here. */
  markOver(failure?: Error): void {
    this.#isOver = true;
    if (failure === undefined) this.events.end();
    else this.events.fail(failure);
    this.#begin();
    this.#finish();
  }
}

function never(): void {
  // Replaced before the constructor returns: a promise's executor runs at once.
}
