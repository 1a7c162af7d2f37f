import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { abortedError } from '../abort.ts';
import { errnoOf, isErrno } from '../disk/errno.ts';
import { CodexRuntimeError } from '../errors.ts';

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

/** The peer has closed: it needs no more of what we have, and the exchange is over. */
const PEER_IS_GONE = ['EPIPE', 'ENOTCONN', 'ECONNRESET'];

/**
 * Relays between two streams and a Unix socket, as `codex stdio-to-uds` does. It ends when the peer
 * has said everything; that it may close first is no failure.
 * @throws CodexRuntimeError `SOCKET_UNAVAILABLE` when nobody listens there, `PERMISSION_DENIED`,
 * `ABORTED`; the native error when `input` cannot be read
 */
export async function bridgeSocket(request: BridgeRequest): Promise<void> {
  const { input, output, path, signal } = request;
  const socket = await open(path);
  try {
    await new Promise<void>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(abortedError(signal.reason)), { once: true });
      if (signal?.aborted === true) reject(abortedError(signal.reason));
      socket.once('error', (error) => {
        if (isErrno(error, ...PEER_IS_GONE)) resolve();
        else reject(error);
      });
      output.once('error', (error) => {
        // Whoever read our output has seen enough.
        if (isErrno(error, 'EPIPE')) resolve();
        else reject(error);
      });
      input.once('error', reject);
      socket.once('end', resolve);
      socket.pipe(output, { end: false });
      input.pipe(socket);
    });
  } finally {
    input.unpipe(socket);
    input.pause();
    socket.destroy();
  }
}

async function open(path: string): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => reject(unavailable(path, error)));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody listens there any more',
  ENOTSOCK: 'it is not a socket',
  EINVAL: 'the path is too long for a socket',
};

function unavailable(path: string, error: Error): CodexRuntimeError {
  const errno = errnoOf(error);
  const denied = isErrno(error, 'EACCES', 'EPERM');
  const why = denied ? 'permission denied' : (REASONS[errno ?? ''] ?? error.message);
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
