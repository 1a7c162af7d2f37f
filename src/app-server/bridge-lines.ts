import type { Readable, Writable } from 'node:stream';
import { abortedError, anySignal } from '../abort.ts';
import { isErrno } from '../disk/errno.ts';
import { CodexRuntimeError } from '../errors.ts';
import { type BridgeResult, connectionLost } from '../operations/bridge-socket.ts';
import { DEFAULTS } from './codex-options.ts';
import { AbortedError, AppServerError, TransportClosedError } from './errors.ts';
import { LineBatch } from './transport/line-batch.ts';
import { LineSplitter } from './transport/line-splitter.ts';
import { socketFault, untilOpen } from './transport/socket-transport.ts';
import { openingSocket } from './transport/websocket.ts';

export interface LineBridgeRequest {
  /** Path of a Unix socket, or a `ws://` or `wss://` URL. */
  readonly address: string;
  /** Sent as `Authorization: Bearer …`, for a listener with `--ws-auth`. Default: none. */
  readonly token?: string | undefined;
  /** One JSON message a line. Its end closes the connection, as it ends a server on stdio. */
  readonly input: Readable;
  /** Gets the server's messages, one a line; it is not ended. */
  readonly output: Writable;
  /** Bytes of the longest message, either way. Default 64 MiB. */
  readonly maxLineBytes?: number | undefined;
  /** Ends the exchange with `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/** How long the listener may take for the upgrade, and to answer the close. */
const OPEN_MS = 30_000;
const CLOSE_MS = 5_000;
/** Reading the input pauses at the first and goes on at the second: bytes that wait to be sent. */
const CROWDED = 4 * 1024 * 1024;
const ROOMY = 1024 * 1024;
/** The other side closed in good order: normally, because it ends, without saying why. */
const ORDERLY = new Set([1000, 1001, 1005]);
const REFUSED = -32600;

/**
 * Lets a client that speaks lines use an app-server that listens on a socket: each line becomes a
 * WebSocket message, each message a line. A request that is too long for the listener is answered
 * here with an error, and the connection goes on.
 * @throws CodexRuntimeError `SOCKET_UNAVAILABLE` when no app-server answers there,
 * `CONNECTION_LOST` when the connection ends in the middle, or the reader of `output` leaves,
 * `ABORTED`; AppServerError for a line that neither can be sent nor has an answer; the native error
 * when `input` cannot be read
 */
export async function bridgeLines(request: LineBridgeRequest): Promise<BridgeResult> {
  const { address, token, input, output, signal } = request;
  const maxMessageBytes = request.maxLineBytes ?? DEFAULTS.maxLineBytes;
  const traffic = { received: 0, sent: 0, taken: 0 };
  const batch = new LineBatch(output, () => socket.pause());
  const onText = (message: Buffer) => {
    traffic.received += message.length;
    batch.push(message);
  };
  const onLines = (lines: Buffer, messageBytes: number) => {
    traffic.received += messageBytes;
    batch.pushLines(lines);
  };
  const taps = { onText, onLines };
  const opening = await openingSocket({ address, token, maxMessageBytes, taps });
  const { socket } = opening;
  // Listened to before it is open: the first message may come with the upgrade.
  socket.on('message', onText);
  const splitter = new LineSplitter(maxMessageBytes);
  const deadline = AbortSignal.timeout(OPEN_MS);
  await untilOpen(opening, {
    address,
    maxMessageBytes,
    signal: anySignal(deadline, signal),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw abortedError(signal.reason);
    throw unavailable(address, error);
  });

  const send = (line: string) => {
    const length = Buffer.byteLength(line);
    const limit = opening.maxSendBytes();
    if (length >= limit) {
      batch.push(Buffer.from(refusal(line, length, limit)));
      return;
    }
    traffic.taken += length;
    socket.send(line, (error) => {
      if (error == null) traffic.sent += length;
      if (input.isPaused() && socket.bufferedAmount < ROOMY) input.resume();
    });
    if (socket.bufferedAmount > CROWDED) input.pause();
  };
  let ending: NodeJS.Timeout | undefined;
  let onData: (chunk: Buffer | string) => void = () => undefined;
  let onEnd: () => void = () => undefined;
  const go = () => socket.resume();
  try {
    await new Promise<void>((resolve, reject) => {
      const lost = (cause: Error | string) => reject(connectionLost(address, traffic, cause));
      signal?.addEventListener('abort', () => reject(abortedError(signal.reason)), { once: true });
      if (signal?.aborted === true) reject(abortedError(signal.reason));
      socket.on('error', (error) => lost(socketFault(address, maxMessageBytes, error)));
      socket.once('close', (code, reason) => {
        const why = `the server closed the connection (${code}${reason.length > 0 ? `, ${reason}` : ''})`;
        if (ORDERLY.has(code) && traffic.taken === traffic.sent) resolve();
        else lost(why);
      });
      output.on('error', (error) => (isErrno(error, 'EPIPE') ? lost(error) : reject(error)));
      output.on('drain', go);
      const take = (chunk: Buffer) => {
        try {
          for (const line of splitter.push(chunk)) send(line);
        } catch (error) {
          reject(error);
        }
      };
      onData = (chunk) => take(Buffer.from(chunk));
      onEnd = () => {
        // The last line may lack its line break.
        take(Buffer.from('\n'));
        socket.close(1000);
        ending = setTimeout(() => lost('the server did not answer the close'), CLOSE_MS);
      };
      input.on('error', reject).on('data', onData).once('end', onEnd);
    });
    batch.flush();
    return { received: traffic.received, sent: traffic.sent };
  } finally {
    clearTimeout(ending);
    input.off('data', onData).off('end', onEnd).pause();
    output.off('drain', go);
    batch.flush();
    opening.destroy();
  }
}

function unavailable(address: string, error: unknown): unknown {
  if (error instanceof AbortedError) {
    return new CodexRuntimeError(
      'SOCKET_UNAVAILABLE',
      `${address} did not answer within ${OPEN_MS} ms.`,
      { cause: error, hint: 'Check that an app-server listens there.', fields: { address } },
    );
  }
  if (!(error instanceof TransportClosedError)) return error;
  const { message, hint, fields } = error;
  return new CodexRuntimeError('SOCKET_UNAVAILABLE', message, { hint, fields, cause: error });
}

/**
 * The answer to a request that the listener would hang up on.
 * @throws AppServerError for what is no request, so that nobody waits for an answer
 */
function refusal(line: string, bytes: number, limit: number): string {
  const message = `has ${bytes} bytes; the listener takes less than ${limit}.`;
  const { id, method } = JSON.parse(line) as { id?: unknown; method?: unknown };
  if (id !== undefined && typeof method === 'string') {
    return JSON.stringify({ id, error: { code: REFUSED, message: `${method} ${message}` } });
  }
  throw new AppServerError(`A message for the server ${message}`, { fields: { bytes, limit } });
}
