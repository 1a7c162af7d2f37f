import { CodexRuntimeError } from '../../errors.ts';
import {
  AbortedError,
  AnswerLostError,
  AppServerError,
  ProtocolError,
  ServerBusyError,
  TransportClosedError,
} from '../errors.ts';
import type { RequestId } from '../generated/protocol.ts';
import type { Transport } from '../transport/transport.ts';
import { onAbort } from './abort-listeners.ts';
import { abortable } from './abortable.ts';
import type { FlowControl } from './flow-control.ts';
import { type Message, parseMessage } from './message.ts';
import type { Notification } from './notification.ts';
import { MAX_UNSENT, Outbox } from './outbox.ts';
import { toRpcError } from './rpc-error.ts';

/** What the server sends by itself. */
export interface ConnectionListener {
  /** `size` is the length of the message's JSON text. Must not throw. */
  onNotification(notification: Notification, size: number): void;
  /**
   * Resolves to the answer's `result`; what is thrown becomes the answer's error. `controller`
   * aborts when no answer is wanted any more; the listener may do so, too.
   */
  onRequest(method: string, params: unknown, controller: AbortController): Promise<unknown>;
  /** A callback's value could not be sent, or a callback threw: the server was told. */
  onCallbackError(error: AppServerError): void;
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

/** A request of the server that is being answered. */
interface Asked {
  readonly controller: AbortController;
  /** The way that it came; an id means something there alone. */
  readonly transport: Transport;
  /** It was answered by another client: an answer of ours would come too late. */
  resolvedElsewhere: boolean;
}

const NOT_HANDLED = -32601;
const FAILED = -32603;
const OVERLOADED = -32001;
/** Requests of the server that are answered at the same time; more are refused. */
const MAX_ASKED = 1_024;
/** Calls that may be made twice: after a cut they are made again. */
const REPEATABLE = /\/(list|read)$|^turn\/interrupt$|^thread\/name\/set$/;

/** JSON-RPC as the app-server speaks it: no `jsonrpc` member, requests in both directions. */
export class Connection {
  #transport: Transport;
  readonly #flow: FlowControl;
  readonly #listener: ConnectionListener;
  readonly #pending = new Map<RequestId, Pending>();
  readonly #asked = new Map<RequestId, Asked>();
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
    if (this.#gone) throw new TransportClosedError('This way to the server is gone, too.');
    const id = this.#nextId;
    const text = toText(method, { method, id, params });
    verifySize(method, text, this.#transport);
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
    if (this.#asked.size >= MAX_ASKED) {
      const message = `This client answers ${MAX_ASKED} requests at a time.`;
      this.#send({ id, error: { code: OVERLOADED, message } });
      return;
    }
    const controller = new AbortController();
    const transport = this.#transport;
    const asked: Asked = { controller, transport, resolvedElsewhere: false };
    this.#asked.set(id, asked);
    const text = await this.#listener.onRequest(method, params, controller).then(
      (result) => this.#resultText(id, method, result),
      (error: unknown) => this.#errorText(id, method, error),
    );
    if (this.#asked.get(id) === asked) this.#asked.delete(id);
    if (transport !== this.#transport || this.#closedBy !== undefined) return;
    if (!asked.resolvedElsewhere) this.#outbox.send(text);
  }

  /** Whatever a callback returned, this is an answer. */
  #resultText(id: RequestId, method: string, result: unknown): string {
    try {
      // Without a value the member would be left out, and the answer would be none.
      const text = JSON.stringify({ id, result: result ?? null });
      verifySize(`The answer to ${method}`, text, this.#transport);
      return text;
    } catch (cause) {
      const message = `The answer to ${method} cannot be sent: ${textOf(cause)}`;
      this.#listener.onCallbackError(new AppServerError(message, { cause, fields: { method } }));
      return JSON.stringify({ id, error: { code: FAILED, message } });
    }
  }

  #errorText(id: RequestId, method: string, cause: unknown): string {
    const unhandled = cause instanceof UnhandledRequest;
    const message = textOf(cause);
    if (!unhandled) {
      const told = `The callback for ${method} failed: ${message}`;
      this.#listener.onCallbackError(new AppServerError(told, { cause, fields: { method } }));
    }
    return JSON.stringify({ id, error: { code: unhandled ? NOT_HANDLED : FAILED, message } });
  }

  /** The server tells that a request of its own was answered, by us or by another client. */
  #resolvedElsewhere(params: unknown): void {
    const id = (params as { requestId?: RequestId } | null | undefined)?.requestId;
    const asked = id === undefined ? undefined : this.#asked.get(id);
    if (asked === undefined) return;
    asked.resolvedElsewhere = true;
    asked.controller.abort();
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
    for (const { controller } of this.#asked.values()) controller.abort(reason);
    this.#asked.clear();
    this.#outbox.close();
  }

  #closed(reason: TransportClosedError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    for (const pending of this.#pending.values()) pending.reject(reason);
    this.#pending.clear();
    for (const { controller } of this.#asked.values()) controller.abort(reason);
    this.#asked.clear();
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
    { cause, hint: 'Look at the thread before you make the call again.', fields: { method } },
  );
}

/** An answer of its own that says that this client does not know the method. */
export class UnhandledRequest extends Error {}

/** What was thrown, in words: callbacks may throw anything, and reading it may throw again. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'it threw a value without a text';
  }
}

function verifySize(what: string, text: string, { maxSendBytes }: Transport): void {
  // A character has at most three bytes in UTF-8: most messages need no counting.
  if (3 * text.length < maxSendBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes < maxSendBytes) return;
  throw new AppServerError(
    `${what} has ${bytes} bytes; a socket takes less than ${maxSendBytes}.`,
    {
      hint: 'Send less at once. A server that Codex.start starts has no such limit.',
      fields: { bytes, limit: maxSendBytes },
    },
  );
}

function fullOutbox(method: string): ServerBusyError {
  return new ServerBusyError(`${method} was not sent: ${MAX_UNSENT} bytes are still waiting.`, {
    rpcCode: null,
    hint: 'Wait for calls before you make more: see retryOnOverload.',
    fields: { method, limit: MAX_UNSENT },
  });
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
