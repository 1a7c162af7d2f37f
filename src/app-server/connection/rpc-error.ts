import { overloadIn } from '../compat/overload.ts';
import { threadHint } from '../compat/thread-hints.ts';
import {
  InternalRpcError,
  InvalidParamsError,
  InvalidRequestError,
  JsonRpcError,
  MethodNotFoundError,
  ParseError,
  RetryLimitExceededError,
  ServerBusyError,
} from '../errors.ts';

/** Code with which Codex's app-server refuses work while its queues are full. */
const OVERLOADED = -32001;

const STANDARD = new Map([
  [-32700, ParseError],
  [-32600, InvalidRequestError],
  [-32601, MethodNotFoundError],
  [-32602, InvalidParamsError],
  [-32603, InternalRpcError],
]);

/** The typed error for the `error` member of an answer to `method`. */
export function toRpcError(method: string, error: unknown): JsonRpcError {
  const { code, message, data } = shapeOf(error);
  const hint = threadHint(message);
  const fields = { method, ...(data === undefined ? {} : { data }) };
  const details = { rpcCode: code, data, fields, ...(hint === undefined ? {} : { hint }) };
  const text = `Codex refused ${method}: ${message}`;
  const Standard = code === null ? undefined : STANDARD.get(code);
  if (Standard !== undefined) return new Standard(text, details);
  const reserved = code !== null && code >= -32099 && code <= -32000;
  const overload = reserved ? overloadIn(data) : 'no';
  if (
    overload === 'exhausted' ||
    (reserved && /retry limit|too many failed attempts/i.test(message))
  ) {
    return new RetryLimitExceededError(text, details);
  }
  if (code === OVERLOADED || overload === 'busy') {
    return new ServerBusyError(text, { ...details, hint: 'Try again later: see retryOnOverload.' });
  }
  return new JsonRpcError(text, details);
}

function shapeOf(error: unknown): { code: number | null; message: string; data: unknown } {
  if (typeof error !== 'object' || error === null) {
    return { code: null, message: 'an error without a code', data: error };
  }
  const { code, message, data } = error as Record<string, unknown>;
  return {
    code: typeof code === 'number' ? code : null,
    message: typeof message === 'string' ? message : 'no message',
    data,
  };
}
