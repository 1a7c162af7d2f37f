import { errnoOf } from '../../disk/errno.ts';
import { isOtherThanSocket } from '../../disk/is-socket.ts';
import { onAbort } from '../connection/abort-listeners.ts';
import { AbortedError, ProtocolError, TransportClosedError } from '../errors.ts';
import { isWithin } from './is-within.ts';
import type { Transport, TransportListener } from './transport.ts';
import { isSocketUrl, type OpeningSocket, openingSocket, type SocketTarget } from './websocket.ts';

/** How long the server gets to answer the close before the socket is destroyed. */
const GRACE_MS = 2_000;

export interface SocketRequest extends SocketTarget {
  /** Ends the opening; its reason becomes the cause of the error. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An app-server that runs already and listens on a socket (`--listen unix://PATH` or `ws://…`): a
 * WebSocket, one message a frame. It is never paused: the server drops a connection that does not
 * read, so what a slow reader leaves is bounded by its queue's hard limit alone.
 * @throws TransportClosedError when no app-server answers there, AbortedError
 */
export async function openSocket(request: SocketRequest): Promise<Transport> {
  const opening = await openingSocket(request);
  const transport = new SocketTransport(opening, request);
  await untilOpen(opening, request);
  return transport;
}

/**
 * Waits until the socket is open; otherwise nothing is left of it.
 * @throws TransportClosedError when no app-server answers there, AbortedError
 */
export async function untilOpen(
  opening: OpeningSocket,
  { address, signal }: SocketRequest,
): Promise<void> {
  const { socket } = opening;
  let release: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      release = onAbort(signal, () => reject(new AbortedError('Connecting', signal)));
      socket.once('open', resolve);
      socket.once('error', reject);
    });
  } catch (error) {
    // Giving up an opening is an error for its socket, too.
    socket.on('error', () => undefined);
    opening.destroy();
    if (error instanceof AbortedError) throw error;
    throw await unanswered(address, opening.status(), error);
  } finally {
    release();
  }
}

async function unanswered(
  address: string,
  status: number | undefined,
  cause: unknown,
): Promise<TransportClosedError> {
  const isFile = !isSocketUrl(address) && (await isOtherThanSocket(address));
  const errno = isFile ? 'ENOTSOCK' : errnoOf(cause);
  const details = status === undefined ? errno : `it answered ${status}`;
  const message = isFile
    ? `${address} is not a socket.`
    : errno === 'ENOENT' || errno === 'ECONNREFUSED'
      ? `Nothing listens on ${address}.`
      : `No app-server answers on ${address}${details === undefined ? '' : ` (${details})`}.`;
  const hint =
    status === 401 || status === 403
      ? 'The listener asks for a token: give the option token.'
      : 'Start one with: codex app-server --listen unix://PATH (0.138 and newer) or ws://IP:PORT.';
  return new TransportClosedError(message, {
    cause,
    hint,
    fields: { address, errno: errno ?? null, status: status ?? null },
  });
}

class SocketTransport implements Transport {
  readonly #opening: OpeningSocket;
  readonly #address: string;
  readonly #gone: Promise<void>;
  #early: string[] = [];
  #listener: TransportListener | undefined;
  #reason: TransportClosedError | undefined;

  constructor(opening: OpeningSocket, { address, maxMessageBytes }: SocketRequest) {
    this.#opening = opening;
    this.#address = address;
    const { socket } = opening;
    socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (cause) => {
      this.#reason ??= socketFault(address, maxMessageBytes, cause);
    });
    this.#gone = new Promise((resolve) => {
      socket.once('close', (code) => {
        this.#finish(
          new TransportClosedError(
            `The app-server on ${address} closed the connection (${code}).`,
            { fields: { address, code } },
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

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#reason !== undefined) return;
    if (isBinary) {
      const what = `The app-server on ${this.#address} sent a message of bytes, not text.`;
      void this.close(new ProtocolError(what));
      return;
    }
    const text = data.toString('utf8');
    if (this.#listener === undefined) this.#early.push(text);
    else this.#listener.onMessage(text);
  }

  #finish(reason: TransportClosedError): void {
    this.#reason ??= reason;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(this.#reason);
  }
}

/** Why an open socket failed; `ws` names what breaks its protocol. */
export function socketFault(
  address: string,
  maxMessageBytes: number,
  cause: Error,
): TransportClosedError {
  const code = errnoOf(cause);
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return new ProtocolError(
      `The app-server on ${address} sent a message of more than ${maxMessageBytes} bytes.`,
      {
        cause,
        hint: 'Raise maxLineBytes if such large messages are expected.',
        fields: { address, maxLineBytes: maxMessageBytes },
      },
    );
  }
  if (code?.startsWith('WS_ERR_')) {
    return new ProtocolError(
      `${address} does not follow the app-server protocol: ${cause.message}`,
      {
        cause,
        fields: { address },
      },
    );
  }
  return new TransportClosedError(`The connection to ${address} failed: ${cause.message}`, {
    cause,
    fields: { address, errno: code ?? null },
  });
}
