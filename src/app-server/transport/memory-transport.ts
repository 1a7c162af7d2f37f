import { TransportClosedError } from '../errors.ts';
import type { Transport, TransportListener } from './transport.ts';

/** Two linked ends in one process: what one sends the other one gets, in order, a microtask later. */
export function linkedTransports(): [Transport, Transport] {
  const left = new MemoryTransport();
  const right = new MemoryTransport();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

class MemoryTransport implements Transport {
  peer: MemoryTransport | undefined;
  readonly maxSendBytes = Number.POSITIVE_INFINITY;
  #listener: TransportListener | undefined;
  #waiting: string[] = [];
  #head = 0;
  #length = 0;
  #paused = false;
  #closedBy: TransportClosedError | undefined;
  #scheduled = false;

  get unsent(): number {
    return this.peer?.unread ?? 0;
  }

  get unread(): number {
    return this.#length;
  }

  start(listener: TransportListener): void {
    this.#listener = listener;
    this.#schedule();
  }

  send(text: string): void {
    if (this.#closedBy === undefined) this.peer?.receive(text);
  }

  receive(text: string): void {
    this.#waiting.push(text);
    this.#length += text.length;
    this.#schedule();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  lastWords(): string {
    return '';
  }

  async close(reason: TransportClosedError): Promise<void> {
    this.end(reason);
    this.peer?.end(new TransportClosedError('The other side closed the connection.'));
  }

  end(reason: TransportClosedError): void {
    this.#closedBy ??= reason;
    this.resume();
  }

  #schedule(): void {
    if (this.#scheduled || this.#listener === undefined) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    const listener = this.#listener;
    while (!this.#paused && listener !== undefined) {
      const text = this.#waiting[this.#head];
      if (text === undefined) break;
      this.#head += 1;
      this.#length -= text.length;
      listener.onMessage(text);
    }
    if (this.#head < this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
      return;
    }
    this.#waiting = [];
    this.#head = 0;
    if (this.#closedBy === undefined || listener === undefined) return;
    this.#listener = undefined;
    listener.onClose(this.#closedBy);
  }
}
