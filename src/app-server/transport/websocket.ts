import type { Socket as NetSocket } from 'node:net';
import type { Dispatcher, WebSocket } from 'undici';

/** Codex's listeners close a connection (1006) that brings them a message of this size. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** With it newer listeners tell their own limit, in the answer to the upgrade. */
const LIMIT_HEADER = 'x-codex-websocket-max-unfragmented-message-bytes';

/** undici's WebSocket hands its headers over by name. */
type Headers = Record<string, string>;

/** A WebSocket that may not be open yet, and what lies below it. */
export interface OpeningSocket {
  readonly socket: WebSocket;
  /** Bytes from which on the listener refuses a message; final once the socket is open. */
  maxSendBytes(): number;
  /** Why it could not be opened: the socket's own error, or the status of the answer. */
  why(): NodeJS.ErrnoException | number | undefined;
  /** Ends the connection at once, whatever state it is in. */
  destroy(): void;
}

export interface SocketTarget {
  /** `ws://…`, or `ws://localhost/` for a Unix socket. */
  readonly url: string;
  readonly socketPath?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly maxMessageBytes: number;
}

/**
 * Begins to open a WebSocket. It offers no extension: undici offers `permessage-deflate` by itself,
 * and the listeners of Codex 0.138 to 0.155 hang up on any offer.
 */
export async function openingSocket(target: SocketTarget): Promise<OpeningSocket> {
  // Loaded only where a socket is used.
  const undici = await import('undici');
  const sockets = new Set<NetSocket>();
  let maxSendBytes = MAX_MESSAGE_BYTES;
  // undici keeps both to itself.
  let why: NodeJS.ErrnoException | number | undefined;
  const watching = (handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler => ({
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onRequestUpgrade: (...args) => {
      const told = Number(args[2][LIMIT_HEADER]);
      if (told > 0) maxSendBytes = told;
      handler.onRequestUpgrade?.(...args);
    },
    onResponseStart: (...args) => {
      why = args[1];
      handler.onResponseStart?.(...args);
    },
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  });
  const connector = undici.buildConnector({ socketPath: target.socketPath ?? null, timeout: 0 });
  const agent = new undici.Agent({
    connect: (options, callback) =>
      connector(options, (...args) => {
        const [error, socket] = args;
        if (error !== null) why = error;
        if (socket) sockets.add(socket);
        callback(...args);
      }),
    // Whoever opens a socket has a deadline; undici's own is five minutes.
    headersTimeout: 0,
    webSocket: { maxPayloadSize: target.maxMessageBytes },
  });
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    const { 'sec-websocket-extensions': _, ...headers } = options.headers as Headers;
    return dispatch({ ...options, headers }, watching(handler));
  });
  const socket = new undici.WebSocket(target.url, {
    dispatcher,
    ...(target.headers && { headers: target.headers }),
  });
  return {
    socket,
    maxSendBytes: () => maxSendBytes,
    why: () => why,
    destroy: () => {
      for (const open of sockets) open.destroy();
      void agent.destroy();
    },
  };
}
