import { CodexRuntimeError, type ErrorDetails } from '../errors.ts';

/** Whatever goes wrong between this client and an app-server; its code is `APP_SERVER`. */
export class AppServerError extends CodexRuntimeError {
  override readonly name: string = 'AppServerError';

  constructor(message: string, details: ErrorDetails = {}) {
    super('APP_SERVER', message, details);
  }
}

/** What a JSON-RPC error carries besides its message. */
export interface RpcErrorDetails extends ErrorDetails {
  /** Null where a turn, not an answer, reported the failure. */
  readonly rpcCode: number | null;
  readonly data?: unknown;
}

/** The server answered a call with an error. Standard codes have a subclass each. */
export class JsonRpcError extends AppServerError {
  override readonly name: string = 'JsonRpcError';
  /** The JSON-RPC error code; null where a turn, not an answer, reported the failure. */
  readonly rpcCode: number | null;
  /** The error's `data` member, as the server sent it. */
  readonly data: unknown;

  constructor(message: string, { rpcCode, data, ...details }: RpcErrorDetails) {
    super(message, { ...details, fields: { ...details.fields, rpcCode } });
    this.rpcCode = rpcCode;
    this.data = data;
  }
}

/** -32700: the server could not read what was sent. */
export class ParseError extends JsonRpcError {
  override readonly name: string = 'ParseError';
}

/** -32600: Codex also answers with it for unknown methods, unknown threads and wrong parameters. */
export class InvalidRequestError extends JsonRpcError {
  override readonly name: string = 'InvalidRequestError';
}

/** -32601 */
export class MethodNotFoundError extends JsonRpcError {
  override readonly name: string = 'MethodNotFoundError';
}

/** -32602 */
export class InvalidParamsError extends JsonRpcError {
  override readonly name: string = 'InvalidParamsError';
}

/** -32603: a fault inside the server. */
export class InternalRpcError extends JsonRpcError {
  override readonly name: string = 'InternalRpcError';
}

/** The server or the model behind it is overloaded now: the same call may succeed later. */
export class ServerBusyError extends JsonRpcError {
  override readonly name: string = 'ServerBusyError';
}

/** Still overloaded after every attempt, the server's own or those of `retryOnOverload`. */
export class RetryLimitExceededError extends ServerBusyError {
  override readonly name: string = 'RetryLimitExceededError';
  /** Attempts that `retryOnOverload` made; null where the server gave up by itself. */
  readonly attempts: number | null;

  constructor(message: string, details: RpcErrorDetails & { readonly attempts?: number }) {
    super(message, details);
    this.attempts = details.attempts ?? null;
  }
}

/** The way to the server is gone: it exited, was never there, or this client was closed. */
export class TransportClosedError extends AppServerError {
  override readonly name: string = 'TransportClosedError';
}

/** The connection was cut before the answer came; whether the server did it is not known. */
export class AnswerLostError extends AppServerError {
  override readonly name: string = 'AnswerLostError';
}

/** The other side does not speak the protocol: not JSON, or a line beyond the cap. */
export class ProtocolError extends TransportClosedError {
  override readonly name: string = 'ProtocolError';
}

/** More of a turn's events arrived unread than the client keeps; later ones were let go. */
export class EventsLostError extends AppServerError {
  override readonly name: string = 'EventsLostError';
}

/** A turn is over, but the server never told how: its `turn/completed` did not come. */
export class TurnLostError extends AppServerError {
  override readonly name: string = 'TurnLostError';
}

/** A call was ended by its `AbortSignal`; `cause` is the signal's reason. */
export class AbortedError extends CodexRuntimeError {
  /** The name that the platform's own aborted calls have. */
  override readonly name: string = 'AbortError';

  constructor(what: string, signal: AbortSignal | undefined) {
    super('ABORTED', `${what} was aborted.`, { cause: signal?.reason });
  }
}

/** Whether the same call may succeed when it is made again a little later. */
export function isRetryableError(error: unknown): boolean {
  const exhausted = error instanceof RetryLimitExceededError && error.attempts !== null;
  return error instanceof ServerBusyError && !exhausted;
}
