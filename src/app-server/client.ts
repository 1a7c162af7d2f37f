import { emitWarning } from 'node:process';
import { anySignal } from '../abort.ts';
import { ownClientInfo } from './client-info.ts';
import { type ClientOptions, type CodexOptions, DEFAULTS, queueLimits } from './codex-options.ts';
import { verifyVersion } from './compat/expected-version.ts';
import { slowStartHint } from './compat/last-words.ts';
import { codeModeFault } from './compat/native-code-mode.ts';
import { Connection } from './connection/connection.ts';
import { FlowControl } from './connection/flow-control.ts';
import type { Notification } from './connection/notification.ts';
import { AbortedError, AppServerError, TransportClosedError } from './errors.ts';
import type { InitializeParams } from './generated/protocol.ts';
import { parseMetadata, type ServerMetadata } from './metadata.ts';
import type { ConnectionEvent, RejoinOptions } from './rejoin/connection-event.ts';
import { Rejoiner } from './rejoin/rejoin.ts';
import { resumeThreads, threadLost } from './rejoin/resume-threads.ts';
import { answerRequest } from './server-requests.ts';
import type { Session } from './session.ts';
import type { Tool } from './tools/tool.ts';
import { Toolbox, type ToolCall } from './tools/toolbox.ts';
import { isWithin } from './transport/is-within.ts';
import type { Transport } from './transport/transport.ts';
import { TurnRouter } from './turns/turn-router.ts';

export type NotificationListener = (notification: Notification) => void;

/** A connection with its turns and callbacks, introduced to its server. */
export interface Client extends Session {
  /** Of the server that it is joined to now. */
  metadata: ServerMetadata;
  /** Threads that this client has opened: a new connection resumes them. */
  readonly threads: Set<string>;
  readonly listeners: Set<NotificationListener>;
  /** Aborts when nothing comes any more; its reason is why. */
  readonly ended: AbortSignal;
  /** Tools of every thread. */
  readonly toolbox: Toolbox;
  /** Tools of single threads, by id. */
  readonly threadTools: Map<string, Toolbox>;
  /** A thread that must go without Codex's own code mode fails. */
  readonly isNativeCodeMode: boolean;
}

/** How a client that was cut off gets another way to its server. */
export interface Reopen {
  readonly options: RejoinOptions;
  readonly onConnection: ((event: ConnectionEvent) => void) | undefined;
  open(signal: AbortSignal): Promise<Transport>;
}

/** How long a server that stays silent may take to say why once its stdin has ended. */
const LAST_WORDS_MS = 500;

/**
 * Introduces this client to the server behind `transport`; the transport is closed when that fails.
 * `deadline` ends what takes too long.
 * @throws TransportClosedError, ProtocolError, JsonRpcError, AbortedError;
 * CodexRuntimeError `VERSION_MISMATCH`
 */
export async function introduce(
  transport: Transport,
  options: ClientOptions & Pick<CodexOptions, 'codeMode'>,
  deadline = startDeadline(options),
  reopen?: Reopen,
): Promise<Client> {
  const flow = new FlowControl(transport);
  const router = new TurnRouter(flow, queueLimits(options));
  const listeners = new Set<NotificationListener>();
  const isNativeCodeMode = options.codeMode === 'native';
  const ended = new AbortController();
  const toolbox = new Toolbox(options.tools ?? []);
  const threadTools = new Map<string, Toolbox>();
  // An agent has the tools of the thread that started it.
  const findTool = (call: ToolCall): Tool | undefined => {
    const owner = router.ownerOf({ threadId: call.threadId })?.threadId;
    const own = threadTools.get(call.threadId) ?? threadTools.get(owner ?? '');
    return own?.find(call) ?? toolbox.find(call);
  };
  const report = (error: AppServerError) => reportCallback(options, error);
  const threads = new Set<string>();
  const lostThreads = new Map<string, unknown>();
  const verifyThread = (threadId: string) => {
    if (lostThreads.has(threadId)) throw threadLost(threadId, lostThreads.get(threadId));
  };
  let rejoiner: Rejoiner | undefined;
  const connection: Connection = new Connection(transport, flow, {
    onNotification: (notification, size) => {
      router.route(notification, size);
      if (isNativeCodeMode) failWithoutCodeMode(notification, router, connection);
      if (notification.method === 'thread/closed') {
        threadTools.delete(notification.params.threadId);
        threads.delete(notification.params.threadId);
      }
      for (const listener of listeners) tell(listener, notification, report);
    },
    onRequest: (method, params, controller) =>
      answerRequest({ options, router, connection, findTool }, { method, params, controller }),
    onCallbackError: report,
    onCut: (reason) => {
      if (rejoiner === undefined) return false;
      // After the cut is known: what it rejects comes first.
      queueMicrotask(() => void rejoiner?.run(reason));
      return true;
    },
    onClose: (reason: TransportClosedError) => {
      rejoiner?.close();
      router.close(reason);
      ended.abort(reason);
    },
  });
  try {
    const metadata = await initialize(connection, options, { signal: deadline.signal });
    verifyVersion(metadata.serverVersion, options.expectedVersion);
    connection.notify('initialized');
    const client: Client = {
      connection,
      router,
      listeners,
      ended: ended.signal,
      metadata,
      toolbox,
      threadTools,
      threads,
      verifyThread,
      isNativeCodeMode,
    };
    if (reopen !== undefined) {
      rejoiner = new Rejoiner(reopen.options, {
        open: reopen.open,
        resume: async (way, signal) => {
          connection.attach(way);
          client.metadata = await initialize(connection, options, { signal, rejoining: true });
          verifyVersion(client.metadata.serverVersion, options.expectedVersion);
          connection.notify('initialized');
          const known = [...new Set([...threads, ...router.busyThreads])];
          const outcomes = await resumeThreads(client, known, signal);
          for (const { threadId, outcome, error } of outcomes) {
            if (outcome === 'lost') lostThreads.set(threadId, error);
          }
          return outcomes;
        },
        reopen: () => connection.reopen(),
        giveUp: (reason) => void connection.close(reason),
        tell: (event) => tellEvent(reopen.onConnection, event, report),
      });
    }
    return client;
  } catch (error) {
    const closing = connection.close(error instanceof TransportClosedError ? error : undefined);
    if (!(error instanceof AbortedError)) {
      await closing;
      throw error;
    }
    if (!deadline.signal.aborted) throw error;
    // 0.115 tells why it cannot start when its stdin has ended.
    await isWithin(LAST_WORDS_MS, closing);
    throw silent(deadline.ms, transport, error);
  }
}

/** The time that a start may take, from now on. */
export interface StartDeadline {
  readonly ms: number;
  readonly signal: AbortSignal;
}

export function startDeadline({
  startTimeoutMs: ms = DEFAULTS.startTimeoutMs,
}: ClientOptions): StartDeadline {
  return { ms, signal: AbortSignal.timeout(ms) };
}

async function initialize(
  connection: Connection,
  { clientInfo, experimentalApi = true, ...options }: ClientOptions,
  { signal, rejoining = false }: { signal: AbortSignal; rejoining?: boolean },
): Promise<ServerMetadata> {
  const info = clientInfo === undefined ? ownClientInfo() : { title: null, ...clientInfo };
  const params: InitializeParams = {
    clientInfo: info,
    capabilities: { experimentalApi, requestAttestation: false },
  };
  return connection.request('initialize', params, {
    // The client's own signal ends its start alone.
    signal: rejoining ? signal : anySignal(signal, options.signal),
    rejoining,
    parse: (answer) => parseMetadata(answer, info.name),
  });
}

export function silent(
  ms: number,
  transport: Transport | undefined,
  cause: unknown,
): TransportClosedError {
  const stderr = transport?.lastWords() ?? '';
  const said = stderr === '' ? '' : ` The end of its stderr: ${stderr}`;
  return new TransportClosedError(`The server did not introduce itself within ${ms} ms.${said}`, {
    cause,
    hint:
      transport === undefined
        ? 'Check that an app-server of Codex listens there.'
        : slowStartHint(new Date()),
    fields: { stderr },
  });
}

/** How long the interruption of a turn without code mode is waited for. */
const INTERRUPT_MS = 5_000;

/** A thread that must go without code mode does not do what was asked for: its turns fail. */
function failWithoutCodeMode(
  notification: Notification,
  router: TurnRouter,
  connection: Connection,
): void {
  const fault = codeModeFault(notification);
  if (fault !== undefined) router.fail(fault.threadId, fault.error);
  if (notification.method !== 'turn/started') return;
  const { threadId, turn } = notification.params;
  if (!router.hasFailed(threadId)) return;
  const signal = AbortSignal.timeout(INTERRUPT_MS);
  connection
    .request('turn/interrupt', { threadId, turnId: turn.id }, { signal })
    .catch(() => undefined);
}

/** A listener that fails must stop neither the reading nor the program. */
function tell(
  listener: NotificationListener,
  notification: Notification,
  report: (error: AppServerError) => void,
): void {
  const failed = (cause: unknown) =>
    report(new AppServerError(`A listener for ${notification.method} failed.`, { cause }));
  try {
    // Declared to return nothing, but an async function is welcome as well.
    const returned: unknown = listener(notification);
    if (returned instanceof Promise) returned.catch(failed);
  } catch (cause) {
    failed(cause);
  }
}

function tellEvent(
  listener: Reopen['onConnection'],
  event: ConnectionEvent,
  report: (error: AppServerError) => void,
): void {
  try {
    listener?.(event);
  } catch (cause) {
    report(new AppServerError('onConnection failed.', { cause }));
  }
}

function reportCallback({ onCallbackError }: ClientOptions, error: AppServerError): void {
  try {
    if (onCallbackError !== undefined) onCallbackError(error);
    else emitWarning(error);
  } catch {
    emitWarning(error);
  }
}
