import { resolve } from 'node:path';
import { anySignal } from '../abort.ts';
import { Account } from './account.ts';
import {
  type Client,
  introduce,
  type NotificationListener,
  silent,
  startDeadline,
} from './client.ts';
import {
  type ClientOptions,
  type CodexOptions,
  type ConnectOptions,
  DEFAULTS,
} from './codex-options.ts';
import { warnOfOtherVersion } from './compat/pinned-version.ts';
import { parseAnswer, parseAnswerId } from './connection/answers.ts';
import type { Notification } from './connection/notification.ts';
import { AbortedError } from './errors.ts';
import type {
  DynamicToolSpec,
  ModelListParams,
  ModelListResponse,
  ThreadForkParams,
  ThreadListParams,
  ThreadListResponse,
  ThreadResumeParams,
  ThreadStartParams,
} from './generated/protocol.ts';
import type { ServerMetadata } from './metadata.ts';
import { parseResumed } from './rejoin/resume-threads.ts';
import { ownEnvironment } from './server-environment.ts';
import { serverProgram } from './server-program.ts';
import type { CallOptions } from './session.ts';
import { Thread, ThreadPromise } from './thread.ts';
import type { ToolOrNamespace } from './tools/tool.ts';
import { Toolbox } from './tools/toolbox.ts';
import { ChildTransport } from './transport/child-transport.ts';
import { openSocket } from './transport/socket-transport.ts';
import type { Transport } from './transport/transport.ts';
import { type NotificationOf, type WaitOptions, waitFor } from './wait-for.ts';

/** Every way to open a thread may bring tools. */
interface ToolOptions extends CallOptions {
  /**
   * Tools for this thread, besides those of the client. A stored thread keeps the tools that it was
   * started with: give it the same ones again when you resume it.
   */
  readonly tools?: readonly ToolOrNamespace[] | undefined;
}
export type StartThreadOptions = ThreadStartParams & ToolOptions;
export type ResumeThreadOptions = Omit<ThreadResumeParams, 'threadId'> & ToolOptions;
export type ForkThreadOptions = Omit<ThreadForkParams, 'threadId'> & ToolOptions;
export type ListThreadsOptions = ThreadListParams & CallOptions;
export type ModelsOptions = ModelListParams & CallOptions;

/**
 * A client of one `codex app-server`. Every call takes an `AbortSignal`; any number of threads and
 * turns may be under way at once.
 */
export class Codex implements AsyncDisposable {
  readonly account: Account;
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
    this.account = new Account(client.connection);
  }

  /**
   * Starts an app-server and introduces itself.
   * @throws TransportClosedError when there is no executable, or it exits or stays silent;
   * ProtocolError when it is not Codex; AbortedError; CodexRuntimeError `VERSION_MISMATCH`, and
   * `USAGE` for a config that TOML does not have, and for a Codex without code mode of its own
   */
  static async start(options: CodexOptions = {}): Promise<Codex> {
    const { env = ownEnvironment() } = options;
    const cwd = resolve(options.cwd ?? '.');
    const maxLineBytes = options.maxLineBytes ?? DEFAULTS.maxLineBytes;
    const program = await serverProgram(options, cwd, env);
    return Codex.over(new ChildTransport({ ...program, cwd, maxLineBytes }), options);
  }

  /**
   * Joins an app-server that listens already, on a Unix socket (its path) or on TCP (`ws://…`);
   * closing the client leaves it running. A server of another version than the one that is pinned
   * here is joined with a process warning; `expectedVersion` refuses it.
   * @throws TransportClosedError when no app-server answers there, and as {@link start} does
   */
  static async connect(address: string, options: ConnectOptions = {}): Promise<Codex> {
    const deadline = startDeadline(options);
    const { signal, token, maxLineBytes = DEFAULTS.maxLineBytes } = options;
    const open = (opening: AbortSignal) =>
      openSocket({ address, token, maxMessageBytes: maxLineBytes, signal: opening });
    const transport = await open(anySignal(deadline.signal, signal)).catch((error: unknown) => {
      const late = error instanceof AbortedError && deadline.signal.aborted;
      throw late ? silent(deadline.ms, undefined, error) : error;
    });
    const { rejoin = true, onConnection } = options;
    const reopen =
      rejoin === false ? undefined : { open, onConnection, options: rejoin === true ? {} : rejoin };
    const client = await introduce(transport, options, deadline, reopen);
    if (options.expectedVersion === undefined) {
      const joined = { address, version: client.metadata.serverVersion };
      const cwd = resolve(options.cwd ?? '.');
      await warnOfOtherVersion(joined, { cwd, env: options.env ?? ownEnvironment() });
    }
    return new Codex(client);
  }

  /** As {@link start}, over a way that exists already. It is closed with this client. */
  static async over(transport: Transport, options: ClientOptions = {}): Promise<Codex> {
    return new Codex(await introduce(transport, options));
  }

  /** Who the server said it is. */
  get metadata(): ServerMetadata {
    return this.#client.metadata;
  }

  startThread({ signal, tools, ...params }: StartThreadOptions = {}): ThreadPromise {
    try {
      const dynamicTools = this.#dynamicTools(tools, params.dynamicTools ?? []);
      // The only events that show a script of the native code mode.
      const raw = this.#client.isNativeCodeMode ? { experimentalRawEvents: true } : {};
      const wire = { ...raw, ...params, ...(dynamicTools.length > 0 && { dynamicTools }) };
      return this.#open('thread/start', wire, { signal, tools });
    } catch (error) {
      return ThreadPromise.of(Promise.reject(error));
    }
  }

  /** Continues a stored thread. @throws InvalidRequestError when there is none with this id. */
  resumeThread(
    threadId: string,
    { signal, tools, ...params }: ResumeThreadOptions = {},
  ): ThreadPromise {
    return this.#open('thread/resume', { ...params, threadId }, { signal, tools });
  }

  /** A new thread that begins with another one's history. */
  forkThread(
    threadId: string,
    { signal, tools, ...params }: ForkThreadOptions = {},
  ): ThreadPromise {
    return this.#open('thread/fork', { ...params, threadId }, { signal, tools });
  }

  unarchiveThread(threadId: string, { signal }: CallOptions = {}): ThreadPromise {
    return this.#open('thread/unarchive', { threadId }, { signal });
  }

  async archiveThread(threadId: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#client.connection.request('thread/archive', { threadId }, { signal });
    this.#client.threads.delete(threadId);
  }

  /**
   * One page of the stored threads; `nextCursor` leads to the next. Codex 0.142 to 0.156 leave out
   * threads that began within one second of a page's last one: ask for as many as there may be.
   */
  listThreads({ signal, ...params }: ListThreadsOptions = {}): Promise<ThreadListResponse> {
    const parse = parseAnswer<ThreadListResponse>('thread/list', 'data');
    return this.#client.connection.request('thread/list', params, { signal, parse });
  }

  /** The models that the server offers; `nextCursor` leads to the next page. */
  models({ signal, ...params }: ModelsOptions = {}): Promise<ModelListResponse> {
    const parse = parseAnswer<ModelListResponse>('model/list', 'data');
    return this.#client.connection.request('model/list', params, { signal, parse });
  }

  /** Any call that has no method here; the answer is passed on unchecked. */
  request<T = unknown>(method: string, params?: unknown, options: CallOptions = {}): Promise<T> {
    return this.#client.connection.request(method, params, { signal: options.signal });
  }

  /**
   * Calls `listener` with everything the server tells by itself, known or not, in order, until the
   * returned function is called.
   */
  onNotification(listener: NotificationListener): () => void {
    this.#client.listeners.add(listener);
    return () => {
      this.#client.listeners.delete(listener);
    };
  }

  /**
   * The next notification with this method, of those that `where` accepts. It is waited for from the
   * call on: make the call before what brings it.
   * @throws TransportClosedError when none can come any more, AbortedError
   */
  waitFor<M extends Notification['method']>(
    method: M,
    { where, signal }: WaitOptions<M> = {},
  ): Promise<NotificationOf<M>> {
    return waitFor(this.#client, method, { where, signal });
  }

  /** Ends the server; what is under way fails with TransportClosedError. May be called again. */
  close(): Promise<void> {
    return this.#client.connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #dynamicTools(
    tools: readonly ToolOrNamespace[] = [],
    more: readonly DynamicToolSpec[],
  ): DynamicToolSpec[] {
    const { toolbox, metadata } = this.#client;
    const own = [toolbox, new Toolbox(tools)];
    return [...own.flatMap((box) => box.toWire(metadata.serverVersion)), ...more];
  }

  #open(method: string, params: unknown, { signal, tools }: ToolOptions): ThreadPromise {
    const client = this.#client;
    const toolbox = tools === undefined ? undefined : new Toolbox(tools);
    return ThreadPromise.of(
      client.connection.request(method, params, {
        signal,
        parse: (answer) => {
          const id = parseAnswerId(method, 'thread', answer);
          adoptRunning(client.router, id, answer);
          if (toolbox !== undefined) client.threadTools.set(id, toolbox);
          if (method !== 'thread/unarchive') client.threads.add(id);
          return new Thread(client, id);
        },
      }),
    );
  }
}

/** A thread may be resumed while a turn of another client runs on it. */
function adoptRunning(router: Client['router'], threadId: string, answer: unknown): void {
  const { status, turns } = (answer as { thread: { status?: unknown; turns?: unknown } }).thread;
  for (const { id, status: ended } of parseResumed(answer).turns) {
    if (ended !== 'inProgress') router.markPast(id);
  }
  if ((status as { type?: unknown } | null | undefined)?.type !== 'active') return;
  const last: unknown = Array.isArray(turns) ? turns.at(-1) : undefined;
  const turn = last as { id?: unknown; status?: unknown } | null | undefined;
  const running = turn?.status === 'inProgress' && typeof turn.id === 'string';
  router.adopt(threadId, running ? (turn.id as string) : undefined);
}
