import { TransportClosedError } from '../errors.ts';
import type { Transport } from '../transport/transport.ts';
import type { FlowControl } from './flow-control.ts';

/** Bytes that may wait to be taken by the server; one message alone may be larger. */
export const MAX_UNSENT = 16 * 1024 * 1024;
/** Below this a message of any length is taken. */
const NEARLY_EMPTY = 1024 * 1024;
/** From here on reading pauses: a server that must wait for us gets to read, too. */
const CROWDED = 4 * 1024 * 1024;
/** How long reading pauses for that. The server may be waiting for us to read: both would wait. */
const PATIENCE_MS = 1_000;
const LOOK_MS = 50;

/**
 * What goes to the server, bounded: a server that asks and does not read the answers first makes
 * reading pause, then go on after a second without progress, and at the limit ends the connection.
 */
export class Outbox {
  readonly #transport: Transport;
  readonly #flow: FlowControl;
  readonly #onFull: (reason: TransportClosedError) => void;
  #watch: NodeJS.Timeout | undefined;
  #paused = false;

  constructor(
    transport: Transport,
    flow: FlowControl,
    onFull: (reason: TransportClosedError) => void,
  ) {
    this.#transport = transport;
    this.#flow = flow;
    this.#onFull = onFull;
  }

  /** Whether a message of this length may be queued now. */
  hasRoomFor(length: number): boolean {
    const { unsent } = this.#transport;
    return unsent <= NEARLY_EMPTY || unsent + length <= MAX_UNSENT;
  }

  /** Sends, or ends the connection when too much waits already. */
  send(text: string): void {
    if (!this.hasRoomFor(text.length)) {
      const reason = unread(this.#transport.unsent);
      this.#transport.discard?.();
      this.#onFull(reason);
      return;
    }
    this.#transport.send(text);
    if (this.#watch === undefined && this.#transport.unsent > CROWDED) this.#pause();
  }

  close(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#hold(false);
  }

  #pause(): void {
    let least = this.#transport.unsent;
    let since = performance.now();
    this.#hold(true);
    this.#watch = setInterval(() => {
      const { unsent } = this.#transport;
      if (unsent < CROWDED / 2) {
        clearInterval(this.#watch);
        this.#watch = undefined;
        this.#hold(false);
      } else if (unsent < least) {
        least = unsent;
        since = performance.now();
      } else if (performance.now() - since > PATIENCE_MS) this.#hold(false);
    }, LOOK_MS).unref();
  }

  #hold(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#flow.change('crowded', paused ? 1 : -1);
  }
}

function unread(unsent: number): TransportClosedError {
  return new TransportClosedError(
    `The server sends requests but does not read their answers: ${unsent} bytes are waiting.`,
    { fields: { unsent, limit: MAX_UNSENT } },
  );
}
