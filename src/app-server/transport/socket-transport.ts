import { AbortedError, ProtocolError, TransportClosedError } from '../errors.ts';
import { isWithin } from './is-within.ts';
import type { Transport, TransportListener } from './transport.ts';

/** The part of a WebSocket that is used, so that undici is loaded only when a socket is. */
type Socket = InstanceType<typeof import('undici').WebSocket>;

/** How long the server gets to answer the close before the socket is left alone. */
const GRACE_MS = 2_000;

/**
 * An app-server that runs already and listens on a Unix socket (`--listen unix://PATH`): a
 * WebSocket, one message a frame. It cannot be paused: the server drops a connection that does not
 * read, so what a slow reader leaves is bounded by its queue's hard limit alone.
 * @throws TransportClosedError when nobody listens there, AbortedError
 */
export async function openSocket(
  socketPath: string,
  { signal, maxMessageBytes }: { signal?: AbortSignal | undefined; maxMessageBytes: number },
): Promise<Transport> {
  const { Agent, WebSocket } = await import('undici');
  const dispatcher = new Agent({ connect: { socketPath } });
  const socket = new WebSocket('ws://localhost/', { dispatcher });
  const transport = new SocketTransport(socket, socketPath, maxMessageBytes);
  try {
    await opened(socket, socketPath, signal);
  } catch (error) {
    socket.close();
    throw error;
  }
  return transport;
}

function opened(socket: Socket, path: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new AbortedError('Connecting', signal as AbortSignal));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const done = () => signal?.removeEventListener('abort', abort);
    socket.addEventListener('open', () => {
      done();
      resolve();
    });
    socket.addEventListener('error', ({ error }) => {
      done();
      const hint = 'Start one with: codex app-server --listen unix://PATH (Codex 0.115 cannot).';
      const fields = { socketPath: path };
      const message = `No app-server answers on ${path}.`;
      reject(new TransportClosedError(message, { cause: error, hint, fields }));
    });
  });
}

class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #maxMessageBytes: number;
  readonly #gone: Promise<void>;
  #early: string[] = [];
  #listener: TransportListener | undefined;
  #reason: TransportClosedError | undefined;

  constructor(socket: Socket, path: string, maxMessageBytes: number) {
    this.#socket = socket;
    this.#path = path;
    this.#maxMessageBytes = maxMessageBytes;
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    this.#gone = new Promise((resolve) => {
      socket.addEventListener('close', ({ code }) => {
        this.#finish(
          new TransportClosedError(`The app-server on ${path} closed the connection (${code}).`, {
            fields: { socketPath: path, code },
          }),
        );
        resolve();
      });
    });
  }

  start(listener: TransportListener): void {
    this.#listener = listener;
    const early = this.#early;
    this.#early = [];
    for (const text of early) listener.onMessage(text);
    if (this.#reason !== undefined) this.#finish(this.#reason);
  }

  send(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  pause(): void {
    // See openSocket: a server that is not read from hangs up.
  }

  resume(): void {
    // Never paused.
  }

  lastWords(): string {
    return '';
  }

  async close(reason: TransportClosedError): Promise<void> {
    this.#reason ??= reason;
    this.#socket.close();
    await isWithin(GRACE_MS, this.#gone);
    this.#finish(reason);
  }

  #receive(data: unknown): void {
    if (this.#reason !== undefined) return;
    if (typeof data !== 'string' || data.length > this.#maxMessageBytes) {
      const what = typeof data === 'string' ? `${data.length} characters` : 'bytes, not text';
      void this.close(
        new ProtocolError(`The app-server on ${this.#path} sent a message of ${what}.`),
      );
    } else if (this.#listener === undefined) this.#early.push(data);
    else this.#listener.onMessage(data);
  }

  #finish(reason: TransportClosedError): void {
    this.#reason ??= reason;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(this.#reason);
  }
}
