import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { abortedError } from '../abort.ts';
import { errnoOf, isErrno } from '../disk/errno.ts';
import { isOtherThanSocket } from '../disk/is-socket.ts';
import { CodexRuntimeError } from '../errors.ts';
import { codexHome } from '../machine/index.ts';
import type { Environment } from '../request/index.ts';

export interface BridgeRequest {
  /** Path of a Unix socket; on Windows the name of a pipe. */
  readonly path: string;
  /** Goes to the socket; its end closes the socket's writing half, and the answer still comes. */
  readonly input: Readable;
  /** Gets what the socket says; it is not ended. */
  readonly output: Writable;
  /** Ends the exchange with `ABORTED`. */
  readonly signal?: AbortSignal;
}

/** What a bridge has carried, in bytes. */
export interface BridgeResult {
  /** From the socket to the output. */
  readonly received: number;
  /** From the input to the socket. */
  readonly sent: number;
}

/** Where `codex app-server --listen unix://` and `codex app-server proxy` have their socket. */
export function controlSocketPath(env: Environment): string {
  return join(codexHome(env), 'app-server-control', 'app-server-control.sock');
}

/** An input that is silent for so long has nothing more for a peer that has said everything. */
const SILENCE_MS = 100;

/**
 * Relays bytes between two streams and a Unix socket. It ends when the peer has said everything and
 * has taken what the input had for it; a peer may close first.
 * @throws CodexRuntimeError `SOCKET_UNAVAILABLE` when nobody listens there, `PERMISSION_DENIED`,
 * `CONNECTION_LOST` when the peer resets the connection or leaves before it took everything, or when
 * the reader of `output` leaves, `ABORTED`; the native error when `input` cannot be read
 */
export async function bridgeSocket(request: BridgeRequest): Promise<BridgeResult> {
  const { input, output, path, signal } = request;
  const socket = await open(path);
  const traffic = { received: 0, sent: 0, taken: 0 };
  let silence: NodeJS.Timeout | undefined;
  const toSocket = (chunk: Buffer | string) => {
    const { length } = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    clearTimeout(silence);
    traffic.taken += length;
    const flowing = socket.write(chunk, (error) => {
      if (error == null) traffic.sent += length;
    });
    if (!flowing) input.pause();
  };
  const toOutput = (chunk: Buffer) => {
    traffic.received += chunk.length;
    if (!output.write(chunk)) socket.pause();
  };
  const more = () => input.resume();
  const go = () => socket.resume();
  const ended = () => socket.end();
  try {
    await new Promise<void>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(abortedError(signal.reason)), { once: true });
      if (signal?.aborted === true) reject(abortedError(signal.reason));
      const lost = (cause: Error) => reject(connectionLost(path, traffic, cause));
      socket.on('error', (error) => {
        // It had closed by itself when we wanted to say that nothing more comes.
        if (isErrno(error, 'ENOTCONN') && input.readableEnded) resolve();
        else lost(error);
      });
      output.on('error', (error) => (isErrno(error, 'EPIPE') ? lost(error) : reject(error)));
      input.on('error', reject);
      const finish = () => {
        clearTimeout(silence);
        if (socket.writableFinished) resolve();
        else if (socket.writableLength === 0) silence = setTimeout(resolve, SILENCE_MS);
      };
      socket.once('end', () => {
        socket.on('drain', finish).on('finish', finish);
        finish();
      });
      socket.on('drain', more).on('data', toOutput);
      output.on('drain', go);
      input.on('data', toSocket).once('end', ended);
    });
    return { received: traffic.received, sent: traffic.sent };
  } finally {
    clearTimeout(silence);
    input.off('data', toSocket).off('end', ended).pause();
    output.off('drain', go);
    socket.destroy();
  }
}

/** Bytes that went each way; `taken` is what was read to be sent. */
interface Traffic extends BridgeResult {
  readonly taken: number;
}

/** The exchange ended in the middle. */
export function connectionLost(
  address: string,
  { received, sent, taken }: Traffic,
  cause: Error | string,
): CodexRuntimeError {
  const why = typeof cause === 'string' ? cause : (REASONS[errnoOf(cause) ?? ''] ?? cause.message);
  const unsent = taken - sent;
  const rest = unsent === 0 ? '' : `, and ${unsent} more were not sent`;
  return new CodexRuntimeError(
    'CONNECTION_LOST',
    `The exchange with ${address} ended early: ${why}. ${received} bytes were received and ${sent} sent${rest}.`,
    {
      hint: 'Check what the server says, and run the command again.',
      cause,
      fields: { address, received, sent, unsent, errno: errnoOf(cause) ?? null },
    },
  );
}

async function open(path: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
  } catch (error) {
    throw await unavailable(path, error);
  }
  socket.removeAllListeners('error');
  return socket;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody listens there any more',
  ENOTSOCK: 'it is not a socket',
  EINVAL: 'the path is too long for a socket',
  ECONNRESET: 'the peer reset the connection',
  EPIPE: 'the other side reads no more',
};

async function unavailable(path: string, error: unknown): Promise<CodexRuntimeError> {
  const refused = isErrno(error, 'ECONNREFUSED') && (await isOtherThanSocket(path));
  const errno = refused ? 'ENOTSOCK' : errnoOf(error);
  const denied = isErrno(error, 'EACCES', 'EPERM');
  const why = denied ? 'permission denied' : (REASONS[errno ?? ''] ?? String(error));
  return new CodexRuntimeError(
    denied ? 'PERMISSION_DENIED' : 'SOCKET_UNAVAILABLE',
    `Could not connect to ${path}: ${why}.`,
    {
      hint: 'Start the server, e.g. "codex app-server --listen unix://PATH", and name its socket.',
      cause: error,
      fields: { path, errno: errno ?? null },
    },
  );
}
