import { onAbort } from '../connection/abort-listeners.ts';
import { AbortedError, ProtocolError, TransportClosedError } from '../errors.ts';
import { isWithin } from './is-within.ts';
import type { Transport, TransportListener } from './transport.ts';
import { type OpeningSocket, openingSocket } from './websocket.ts';

/** How long the server gets to answer the close before the socket is destroyed. */
const GRACE_MS = 2_000;

export interface SocketRequest {
  /** Path of a Unix socket, or a `ws://` or `wss://` URL. */
  readonly address: string;
  /** Sent as `Authorization: Bearer …`; listeners on TCP can ask for one. */
  readonly token?: string | undefined;
  readonly maxMessageBytes: number;
  /** Ends the opening; its reason becomes the cause of the error. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An app-server that runs already and listens on a socket (`--listen unix://PATH` or `ws://…`): a
 * WebSocket, one message a frame. It cannot be paused: the server drops a connection that does not
 * read, so what a slow reader leaves is bounded by its queue's hard limit alone.
 * @throws TransportClosedError when no app-server answers there, AbortedError
 */
export async function openSocket(request: SocketRequest): Promise<Transport> {
  const { address, token, maxMessageBytes, signal } = request;
  const isUrl = /^wss?:\/\//i.test(address);
  const opening = await openingSocket({
    url: isUrl ? address : 'ws://localhost/',
    socketPath: isUrl ? undefined : address,
    headers: token === undefined ? undefined : { authorization: `Bearer ${token}` },
    maxMessageBytes,
  });
  const transport = new SocketTransport(opening, request);
  try {
    await opened(opening, address, signal);
  } catch (error) {
    opening.destroy();
    throw error;
  }
  return transport;
}

function opened(
  { socket, why }: OpeningSocket,
  address: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, () => reject(new AbortedError('Connecting', signal)));
    socket.addEventListener('open', () => {
      release();
      resolve();
    });
    socket.addEventListener('error', ({ error }) => {
      release();
      reject(unanswered(address, why(), error));
    });
  });
}

function unanswered(
  address: string,
  why: ReturnType<OpeningSocket['why']>,
  cause: unknown,
): TransportClosedError {
  const status = typeof why === 'number' ? why : undefined;
  const errno = typeof why === 'object' ? why.code : undefined;
  const details = status === undefined ? errno : `it answered ${status}`;
  const message =
    errno === 'ENOENT' || errno === 'ECONNREFUSED'
      ? `Nothing listens on ${address}.`
      : `No app-server answers on ${address}${details === undefined ? '' : ` (${details})`}.`;
  const hint =
    status === 401 || status === 403
      ? 'The listener asks for a token: give the option token.'
      : 'Start one with: codex app-server --listen unix://PATH (0.138 and newer) or ws://IP:PORT.';
  return new TransportClosedError(message, {
    cause: typeof why === 'object' ? why : cause,
    hint,
    fields: { address, errno: errno ?? null, status: status ?? null },
  });
}

class SocketTransport implements Transport {
  readonly #opening: OpeningSocket;
  readonly #address: string;
  readonly #maxMessageBytes: number;
  readonly #gone: Promise<void>;
  #early: string[] = [];
  #listener: TransportListener | undefined;
  #reason: TransportClosedError | undefined;

  constructor(opening: OpeningSocket, { address, maxMessageBytes }: SocketRequest) {
    this.#opening = opening;
    this.#address = address;
    this.#maxMessageBytes = maxMessageBytes;
    const { socket } = opening;
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    this.#gone = new Promise((resolve) => {
      socket.addEventListener('close', ({ code }) => {
        this.#finish(
          new TransportClosedError(
            `The app-server on ${address} closed the connection (${code}).`,
            {
              fields: { address, code },
            },
          ),
        );
        resolve();
      });
    });
  }

  get unsent(): number {
    return this.#opening.socket.bufferedAmount;
  }

  get maxSendBytes(): number {
    return this.#opening.maxSendBytes();
  }

  start(listener: TransportListener): void {
    this.#listener = listener;
    const early = this.#early;
    this.#early = [];
    for (const text of early) listener.onMessage(text);
    if (this.#reason !== undefined) this.#finish(this.#reason);
  }

  send(text: string): void {
    const { socket } = this.#opening;
    if (socket.readyState !== socket.OPEN) return;
    socket.send(text);
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
    this.#opening.socket.close();
    await isWithin(GRACE_MS, this.#gone);
    // Also what is half closed: it would keep this process alive.
    this.#opening.destroy();
    this.#finish(reason);
  }

  #receive(data: unknown): void {
    if (this.#reason !== undefined) return;
    if (typeof data !== 'string' || data.length > this.#maxMessageBytes) {
      const what = typeof data === 'string' ? `${data.length} characters` : 'bytes, not text';
      void this.close(
        new ProtocolError(`The app-server on ${this.#address} sent a message of ${what}.`),
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
