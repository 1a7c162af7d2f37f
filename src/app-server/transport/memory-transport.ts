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
  #listener: TransportListener | undefined;
  #waiting: string[] = [];
  #paused = false;
  #closedBy: TransportClosedError | undefined;
  #scheduled = false;

  start(listener: TransportListener): void {
    this.#listener = listener;
    this.#schedule();
  }

  send(text: string): void {
    if (this.#closedBy === undefined) this.peer?.receive(text);
  }

  receive(text: string): void {
    this.#waiting.push(text);
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
      const text = this.#waiting.shift();
      if (text === undefined) break;
      listener.onMessage(text);
    }
    if (this.#closedBy === undefined || this.#waiting.length > 0 || listener === undefined) return;
    this.#listener = undefined;
    listener.onClose(this.#closedBy);
  }
}
