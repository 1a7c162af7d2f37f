import { CodexRuntimeError } from '../../errors.ts';
import { AbortedError, ProtocolError, TransportClosedError } from '../errors.ts';
import type { RequestId } from '../generated/protocol.ts';
import type { Transport } from '../transport/transport.ts';
import type { FlowControl } from './flow-control.ts';
import { type Message, parseMessage } from './message.ts';
import type { Notification } from './notification.ts';
import { toRpcError } from './rpc-error.ts';

/** What the server sends by itself. */
export interface ConnectionListener {
  /** `size` is the length of the message's JSON text. Must not throw. */
  onNotification(notification: Notification, size: number): void;
  /**
   * Resolves to the answer's `result`. `signal` aborts when no answer is wanted any more; what is
   * thrown becomes the answer's error.
   */
  onRequest(method: string, params: unknown, signal: AbortSignal): Promise<unknown>;
  onClose(reason: TransportClosedError): void;
}

export interface RequestOptions<T> {
  readonly signal?: AbortSignal | undefined;
  /**
   * Makes the call's value of its answer, before the next message is looked at: whoever waits for
   * the promise comes too late for that. What it throws rejects the call.
   */
  readonly parse?: (result: unknown) => T;
}

interface Pending {
  readonly method: string;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

const NOT_HANDLED = -32601;
const FAILED = -32603;

/** JSON-RPC as the app-server speaks it: no `jsonrpc` member, requests in both directions. */
export class Connection {
  readonly #transport: Transport;
  readonly #flow: FlowControl;
  readonly #listener: ConnectionListener;
  readonly #pending = new Map<RequestId, Pending>();
  readonly #asked = new Map<RequestId, AbortController>();
  #nextId = 0;
  #closedBy: TransportClosedError | undefined;

  constructor(transport: Transport, flow: FlowControl, listener: ConnectionListener) {
    this.#transport = transport;
    this.#flow = flow;
    this.#listener = listener;
    transport.start({
      onMessage: (text) => this.#receive(text),
      onClose: (reason) => this.#closed(reason),
    });
  }

  /**
   * Calls `method`; the answer is passed on unchecked, as the server's types describe it.
   * @throws JsonRpcError for an error answer, TransportClosedError, AbortedError;
   * CodexRuntimeError `USAGE` for parameters that JSON cannot hold
   */
  async request<T>(method: string, params: unknown, options: RequestOptions<T> = {}): Promise<T> {
    const { signal, parse } = options;
    if (this.#closedBy !== undefined) throw this.#closedBy;
    if (signal?.aborted === true) throw new AbortedError(method, signal);
    const id = this.#nextId;
    const text = toText(method, { method, id, params });
    this.#nextId += 1;
    return new Promise<T>((resolve, reject) => {
      const abort = () => {
        // The answer that comes all the same finds nobody, and that is fine.
        this.#pending.delete(id);
        this.#flow.change('calls', -1);
        reject(new AbortedError(method, signal as AbortSignal));
      };
      this.#pending.set(id, {
        method,
        resolve: (result) => {
          signal?.removeEventListener('abort', abort);
          try {
            resolve(parse === undefined ? (result as T) : parse(result));
          } catch (error) {
            reject(error);
          }
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      });
      this.#flow.change('calls', 1);
      signal?.addEventListener('abort', abort, { once: true });
      this.#transport.send(text);
    });
  }

  notify(method: string, params?: unknown): void {
    if (this.#closedBy === undefined) this.#send({ method, params });
  }

  /** Ends the server; what is pending is rejected. Resolves when the other side is gone. */
  async close(reason = new TransportClosedError('This client was closed.')): Promise<void> {
    this.#closed(reason);
    await this.#transport.close(reason);
  }

  #send(message: Record<string, unknown>): void {
    this.#transport.send(JSON.stringify(message));
  }

  #receive(text: string): void {
    if (this.#closedBy !== undefined) return;
    try {
      this.#dispatch(parseMessage(text), text.length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      void this.close(error);
    }
  }

  #dispatch(message: Message, size: number): void {
    if (message.kind === 'notification') {
      const { notification } = message;
      if (notification.method === 'serverRequest/resolved') {
        this.#resolvedElsewhere(notification.params);
      }
      this.#listener.onNotification(notification, size);
    } else if (message.kind === 'request') {
      void this.#answer(message.id, message.method, message.params);
    } else {
      this.#settle(message);
    }
  }

  #settle(message: Extract<Message, { kind: 'result' | 'error' }>): void {
    const pending = this.#pending.get(message.id);
    // An answer nobody asked for harms nobody.
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    this.#flow.change('calls', -1);
    if (message.kind === 'result') pending.resolve(message.result);
    else pending.reject(toRpcError(pending.method, message.error));
  }

  async #answer(id: RequestId, method: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    this.#asked.set(id, controller);
    const answer = await this.#listener.onRequest(method, params, controller.signal).then(
      // Without a value the member would be left out, and the answer would be none.
      (result) => ({ id, result: result ?? null }),
      (error: unknown) => ({ id, error: toWireError(error) }),
    );
    this.#asked.delete(id);
    if (this.#closedBy === undefined && !controller.signal.aborted) this.#send(answer);
  }

  /** The server tells that a request of its own was answered, by us or by somebody else. */
  #resolvedElsewhere(params: unknown): void {
    const id = (params as { requestId?: RequestId } | undefined)?.requestId;
    if (id !== undefined) this.#asked.get(id)?.abort();
  }

  #closed(reason: TransportClosedError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    for (const pending of this.#pending.values()) pending.reject(reason);
    this.#pending.clear();
    for (const controller of this.#asked.values()) controller.abort(reason);
    this.#asked.clear();
    this.#listener.onClose(reason);
  }
}

/** An answer of its own that says that this client does not know the method. */
export class UnhandledRequest extends Error {}

function toWireError(error: unknown): { code: number; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof UnhandledRequest ? NOT_HANDLED : FAILED, message };
}

function toText(method: string, message: unknown): string {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw new CodexRuntimeError('USAGE', `The parameters of ${method} cannot be written as JSON.`, {
      cause,
      fields: { method },
    });
  }
}
