import { connect, type Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { TextFrames, type TextTaps } from './text-frames.ts';

/** Codex's listeners close a connection (1006) that brings them a message of this size. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** With it newer listeners tell their own limit, in the answer to the upgrade. */
const LIMIT_HEADER = 'x-codex-websocket-max-unfragmented-message-bytes';

/** A WebSocket that may not be open yet. */
export interface OpeningSocket {
  readonly socket: WebSocket;
  /** Bytes from which on the listener refuses a message; final once the socket is open. */
  maxSendBytes(): number;
  /** The status of an answer that was no upgrade. */
  status(): number | undefined;
  /** Ends the connection at once, whatever state it is in. */
  destroy(): void;
}

export interface SocketTarget {
  /** Path of a Unix socket, or a `ws://` or `wss://` URL. */
  readonly address: string;
  /** Sent as `Authorization: Bearer …`; listeners on TCP can ask for one. */
  readonly token?: string | undefined;
  readonly maxMessageBytes: number;
  /**
   * Who gets whole text messages as bytes, in their order, before `message` events see them; what
   * comes in parts still becomes an event. Unix sockets only.
   */
  readonly taps?: Omit<TextTaps, 'maxMessageBytes'>;
}

export function isSocketUrl(address: string): boolean {
  return /^wss?:\/\//i.test(address);
}

/**
 * Begins to open a WebSocket. It offers no extension: the listeners of Codex 0.138 to 0.155 hang up
 * on any offer, and compressing is not worth it on one machine.
 */
export async function openingSocket(target: SocketTarget): Promise<OpeningSocket> {
  // Loaded only where a socket is used.
  const { WebSocket } = await import('ws');
  const { address, token, maxMessageBytes, taps } = target;
  let maxSendBytes = MAX_MESSAGE_BYTES;
  let status: number | undefined;
  let unix: NetSocket | undefined;
  const dial = () => {
    unix = connect({ path: address });
    if (taps === undefined) return unix;
    // Node's HTTP client takes any duplex stream here; the types know sockets alone.
    return new TextFrames(unix, { maxMessageBytes, ...taps }) as Duplex as NetSocket;
  };
  const isUrl = isSocketUrl(address);
  const socket = new WebSocket(isUrl ? address : 'ws://localhost/', {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    // A path within a URL could hold neither a colon nor a percent sign.
    ...(!isUrl && { createConnection: dial }),
  });
  socket.on('upgrade', ({ headers }) => {
    const told = Number(headers[LIMIT_HEADER]);
    if (told > 0) maxSendBytes = told;
  });
  socket.on('unexpected-response', (request, response) => {
    status = response.statusCode;
    request.destroy();
    response.destroy();
    socket.emit('error', new Error(`The listener answered ${status}.`));
  });
  return {
    socket,
    maxSendBytes: () => maxSendBytes,
    status: () => status,
    destroy: () => {
      socket.terminate();
      unix?.destroy();
    },
  };
}
