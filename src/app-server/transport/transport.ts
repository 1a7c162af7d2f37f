import type { TransportClosedError } from '../errors.ts';

/** What a transport tells its connection; set once, by {@link Transport.start}. */
export interface TransportListener {
  /** One message, whole, as JSON text. */
  onMessage(text: string): void;
  /** Called once, after the last message: nothing comes any more and nothing can be sent. */
  onClose(reason: TransportClosedError): void;
}

/** A way to an app-server that carries whole messages. */
export interface Transport {
  /** Begins to deliver; called once. */
  start(listener: TransportListener): void;
  /** Queues one JSON text without line breaks. Does nothing after the transport has closed. */
  send(text: string): void;
  /** About how many bytes were sent that the other side has not taken yet. */
  readonly unsent: number;
  /** A message must have fewer bytes than this; `Infinity` where the other side sets no limit. */
  readonly maxSendBytes: number;
  /**
   * Asks for silence while nobody reads. What was already taken from the other side may still be
   * delivered; a transport that cannot hold the other side back does nothing.
   */
  pause(): void;
  resume(): void;
  /** The end of what the other side wrote beside the protocol; empty when there is nothing. */
  lastWords(): string;
  /** Forgets what waits to be sent: written to a server that does not read, it would fill memory. */
  discard?(): void;
  /**
   * Ends the other side gently, then firmly, and resolves when it is gone. `reason` is what
   * `onClose` gets unless the transport closed before. Never rejects; may be called again.
   */
  close(reason: TransportClosedError): Promise<void>;
}
