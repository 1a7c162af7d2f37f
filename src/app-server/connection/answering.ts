import { AppServerError } from '../errors.ts';
import type { RequestId } from '../generated/protocol.ts';
import type { Message } from './message.ts';
import { verifySize } from './message-text.ts';

/** Who answers what the server asks. */
export interface AnsweringListener {
  /**
   * Resolves to the answer's `result`; what is thrown becomes the answer's error. `controller`
   * aborts when no answer is wanted any more; the listener may do so, too.
   */
  onRequest(method: string, params: unknown, controller: AbortController): Promise<unknown>;
  /** A callback's value could not be sent, or a callback threw: the server was told. */
  onCallbackError(error: AppServerError): void;
}

/** A request of the server that is being answered. */
interface Asked {
  readonly controller: AbortController;
  /** It was answered by another client: an answer of ours would come too late. */
  resolvedElsewhere: boolean;
}

const NOT_HANDLED = -32601;
const FAILED = -32603;
const OVERLOADED = -32001;
/** Requests of the server that are answered at the same time; more are refused. */
const MAX_ASKED = 1_024;

/** The requests of the server that wait for an answer, and the text of each answer. */
export class Answering {
  readonly #listener: AnsweringListener;
  readonly #asked = new Map<RequestId, Asked>();

  constructor(listener: AnsweringListener) {
    this.#listener = listener;
  }

  /** The answer's text; undefined when another client was faster. Never rejects. */
  async answer(
    { id, method, params }: Extract<Message, { kind: 'request' }>,
    maxSendBytes: number,
  ): Promise<string | undefined> {
    if (this.#asked.size >= MAX_ASKED) {
      const message = `This client answers ${MAX_ASKED} requests at a time.`;
      return JSON.stringify({ id, error: { code: OVERLOADED, message } });
    }
    const controller = new AbortController();
    const asked: Asked = { controller, resolvedElsewhere: false };
    this.#asked.set(id, asked);
    const text = await this.#listener.onRequest(method, params, controller).then(
      (result) => this.#resultText(id, method, { result, maxSendBytes }),
      (error: unknown) => this.#errorText(id, method, error),
    );
    if (this.#asked.get(id) === asked) this.#asked.delete(id);
    return asked.resolvedElsewhere ? undefined : text;
  }

  /** The server tells that a request of its own was answered, by us or by another client. */
  resolvedElsewhere(params: unknown): void {
    const id = (params as { requestId?: RequestId } | null | undefined)?.requestId;
    const asked = id === undefined ? undefined : this.#asked.get(id);
    if (asked === undefined) return;
    asked.resolvedElsewhere = true;
    asked.controller.abort();
  }

  /** No answer can be sent any more. */
  abort(reason: Error): void {
    for (const { controller } of this.#asked.values()) controller.abort(reason);
    this.#asked.clear();
  }

  /** Whatever a callback returned, this is an answer. */
  #resultText(
    id: RequestId,
    method: string,
    { result, maxSendBytes }: { readonly result: unknown; readonly maxSendBytes: number },
  ): string {
    try {
      // Without a value the member would be left out, and nothing would be answered.
      const text = JSON.stringify({ id, result: result ?? null });
      verifySize(`The answer to ${method}`, text, maxSendBytes);
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
}

/** An answer of its own that says that this client does not know the method. */
export class UnhandledRequest extends Error {}

/** What was thrown, in words: callbacks may throw anything, and reading it may throw again. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'it threw a value without a message';
  }
}
