import {
  AbortedError,
  AnswerLostError,
  ProtocolError,
  ServerBusyError,
  TransportClosedError,
} from '../errors.ts';
import type { RequestId } from '../generated/protocol.ts';
import type { Transport } from '../transport/transport.ts';
import { onAbort } from './abort-listeners.ts';
import { abortable } from './abortable.ts';
import { Answering, type AnsweringListener } from './answering.ts';
import type { FlowControl } from './flow-control.ts';
import { type Message, parseMessage } from './message.ts';
import { toText, verifySize } from './message-text.ts';
import type { Notification } from './notification.ts';
import { MAX_UNSENT, Outbox } from './outbox.ts';
import { toRpcError } from './rpc-error.ts';

/** What the server sends by itself. */
export interface ConnectionListener extends AnsweringListener {
  /** `size` is the length of the message's JSON text. Must not throw. */
  onNotification(notification: Notification, size: number): void;
  /**
   * The way to the server is gone, and nobody here closed it: whether another one is being sought.
   * Then `onClose` is not called, and calls wait for {@link Connection.reopen}.
   */
  onCut?(reason: TransportClosedError): boolean;
  onClose(reason: TransportClosedError): void;
}

export interface RequestOptions<T> {
  readonly signal?: AbortSignal | undefined;
  /**
   * Makes the call's value of its answer, before the next message is looked at: whoever waits for
   * the promise comes too late for that. What it throws rejects the call.
   */
  readonly parse?: (result: unknown) => T;
  /** The call is on its way: until then a cut connection means nothing for it. */
  readonly onSent?: () => void;
  /** Part of joining again: does not wait until that is done. */
  readonly rejoining?: boolean;
}

interface Pending {
  readonly method: string;
  readonly text: string;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Calls that may be made twice: after a cut they are made again. */
const REPEATABLE = /\/(list|read)$|^turn\/interrupt$|^thread\/name\/set$/;

/** JSON-RPC as the app-server speaks it: no `jsonrpc` member, requests in both directions. */
export class Connection {
  #transport: Transport;
  readonly #flow: FlowControl;
  readonly #listener: ConnectionListener;
  readonly #pending = new Map<RequestId, Pending>();
  readonly #answering: Answering;
  #outbox!: Outbox;
  #nextId = 0;
  #closedBy: TransportClosedError | undefined;
  /** The present way has ended. */
  #gone = false;
  /** While the connection is cut: resolves when it is whole again, or given up. */
  #cut: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  constructor(transport: Transport, flow: FlowControl, listener: ConnectionListener) {
    this.#transport = transport;
    this.#flow = flow;
    this.#listener = listener;
    this.#answering = new Answering(listener);
    this.#begin(transport);
  }

  #begin(transport: Transport): void {
    this.#outbox = new Outbox(transport, this.#flow, (reason) => void this.close(reason));
    transport.start({
      onMessage: (text) => {
        if (transport === this.#transport) this.#receive(text);
      },
      onClose: (reason) => {
        if (transport === this.#transport) this.#lost(reason);
      },
    });
  }

  /** Uses another way to the server, for calls that are `rejoining` alone. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#gone = false;
    this.#flow.use(transport);
    this.#begin(transport);
  }

  /**
   * The cut is over: what waited goes on, and what may be asked twice is asked again.
   * @returns false when this way is gone, too
   */
  reopen(): boolean {
    if (this.#gone) return false;
    const cut = this.#cut;
    this.#cut = undefined;
    for (const { text } of this.#pending.values()) this.#outbox.send(text);
    cut?.end();
    return true;
  }

  /**
   * Calls `method`; the answer is passed on unchecked, as the server's types describe it.
   * @throws JsonRpcError for an error answer, TransportClosedError, AbortedError; AppServerError
   * for more than the transport carries at once; ServerBusyError while 16 MiB wait to be sent;
   * CodexRuntimeError `USAGE` for parameters that JSON cannot hold
   */
  async request<T>(method: string, params: unknown, options: RequestOptions<T> = {}): Promise<T> {
    const { signal, parse, onSent, rejoining = false } = options;
    while (this.#cut !== undefined && !rejoining) {
      await abortable(this.#cut.over, signal, method);
    }
    if (this.#closedBy !== undefined) throw this.#closedBy;
    if (signal?.aborted === true) throw new AbortedError(method, signal);
    if (this.#gone) throw new TransportClosedError('This connection to the server is closed, too.');
    const id = this.#nextId;
    const text = toText(method, { method, id, params });
    verifySize(method, text, this.#transport.maxSendBytes);
    if (!this.#outbox.hasRoomFor(text.length)) throw fullOutbox(method);
    this.#nextId += 1;
    return new Promise<T>((resolve, reject) => {
      const release = onAbort(signal, () => {
        // The answer that comes all the same finds nobody, and that is fine.
        this.#pending.delete(id);
        this.#flow.change('calls', -1);
        reject(new AbortedError(method, signal));
      });
      this.#pending.set(id, {
        method,
        text,
        resolve: (result) => {
          release();
          try {
            resolve(parse === undefined ? (result as T) : parse(result));
          } catch (error) {
            reject(error);
          }
        },
        reject: (error) => {
          release();
          reject(error);
        },
      });
      this.#flow.change('calls', 1);
      onSent?.();
      this.#outbox.send(text);
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
    this.#outbox.send(JSON.stringify(message));
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
        this.#answering.resolvedElsewhere(notification.params);
      }
      this.#listener.onNotification(notification, size);
    } else if (message.kind === 'request') {
      void this.#answer(message);
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

  async #answer(message: Extract<Message, { kind: 'request' }>): Promise<void> {
    const transport = this.#transport;
    const text = await this.#answering.answer(message, transport.maxSendBytes);
    // An id means something on the way that it came alone.
    if (transport !== this.#transport || this.#closedBy !== undefined) return;
    if (text !== undefined) this.#outbox.send(text);
  }

  #lost(reason: TransportClosedError): void {
    if (this.#closedBy !== undefined) return;
    const known = this.#cut !== undefined;
    if (!known && (reason instanceof ProtocolError || this.#listener.onCut?.(reason) !== true)) {
      this.#closed(reason);
      return;
    }
    if (!known) this.#cut = newCut();
    this.#gone = true;
    for (const [id, { method, reject }] of this.#pending) {
      if (REPEATABLE.test(method)) continue;
      this.#pending.delete(id);
      this.#flow.change('calls', -1);
      reject(answerLost(method, reason));
    }
    this.#answering.abort(reason);
    this.#outbox.close();
  }

  #closed(reason: TransportClosedError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    for (const pending of this.#pending.values()) pending.reject(reason);
    this.#pending.clear();
    this.#answering.abort(reason);
    this.#outbox.close();
    this.#cut?.end();
    this.#cut = undefined;
    this.#listener.onClose(reason);
  }
}

function newCut(): { over: Promise<void>; end: () => void } {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { over, end };
}

function answerLost(method: string, cause: TransportClosedError): AnswerLostError {
  return new AnswerLostError(
    `The connection was cut before ${method} was answered. The server may have carried it out.`,
    { cause, hint: 'Read the thread before you repeat the call.', fields: { method } },
  );
}

function fullOutbox(method: string): ServerBusyError {
  return new ServerBusyError(`${method} was not sent: ${MAX_UNSENT} bytes are still waiting.`, {
    rpcCode: null,
    hint: 'Wait for calls before you make more: see retryOnOverload.',
    fields: { method, limit: MAX_UNSENT },
  });
}
