import { ProtocolError } from '../errors.ts';
import type { RequestId } from '../generated/protocol.ts';
import type { Notification } from './notification.ts';
import { hasKnownShape } from './wire-shape.ts';

/** What can come over the wire; `0` is an id like any other. */
export type Message =
  | { readonly kind: 'notification'; readonly notification: Notification }
  | {
      readonly kind: 'request';
      readonly id: RequestId;
      readonly method: string;
      readonly params: unknown;
    }
  | { readonly kind: 'result'; readonly id: RequestId; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: RequestId; readonly error: unknown };

/** Characters of a refused line that its error shows. */
const SHOWN = 200;

/**
 * One line of the protocol. Parameters and results are passed on as they are: a newer server may
 * send more than the types know.
 * @throws ProtocolError for text that is not JSON or not a message.
 */
export function parseMessage(text: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused(text, 'is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null) throw refused(text, 'is not a message');
  const { id, method, params, result, error } = value as Record<string, unknown>;
  const named = typeof id === 'number' || typeof id === 'string';
  if (typeof method === 'string') {
    if (named) return { kind: 'request', id, method, params };
    if (!hasKnownShape(method, params)) throw refused(text, `is not a valid ${method}`);
    // The whole message, whatever it holds besides: see Notification.
    return { kind: 'notification', notification: value as Notification };
  }
  if (named && error !== undefined && error !== null) return { kind: 'error', id, error };
  if (named) return { kind: 'result', id, result };
  throw refused(text, 'is not a message');
}

function refused(text: string, why: string, cause?: unknown): ProtocolError {
  const line = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return new ProtocolError(`The server sent a line that ${why}: ${line}`, {
    cause,
    hint: 'Check that the executable is Codex and writes nothing else to its stdout.',
    fields: { line },
  });
}
