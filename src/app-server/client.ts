import { anySignal } from '../abort.ts';
import { CodexRuntimeError } from '../errors.ts';
import { ownClientInfo } from './client-info.ts';
import { type ClientOptions, DEFAULTS, queueLimits } from './codex-options.ts';
import { Connection, UnhandledRequest } from './connection/connection.ts';
import { FlowControl } from './connection/flow-control.ts';
import { type Notification, scopeOf } from './connection/notification.ts';
import { AbortedError, TransportClosedError } from './errors.ts';
import type { InitializeParams } from './generated/protocol.ts';
import { parseMetadata, type ServerMetadata } from './metadata.ts';
import type { Session } from './session.ts';
import type { Transport } from './transport/transport.ts';
import { declineAll, parseApproval, toApprovalAnswer } from './turns/approvals.ts';
import { TurnRouter } from './turns/turn-router.ts';

export type NotificationListener = (notification: Notification) => void;

/** A connection with its turns and callbacks, introduced to its server. */
export interface Client extends Session {
  readonly metadata: ServerMetadata;
  readonly listeners: Set<NotificationListener>;
}

/**
 * Introduces this client to the server behind `transport`; the transport is closed when that fails.
 * @throws TransportClosedError, ProtocolError, JsonRpcError, AbortedError;
 * CodexRuntimeError `VERSION_MISMATCH`
 */
export async function introduce(transport: Transport, options: ClientOptions): Promise<Client> {
  const flow = new FlowControl(transport);
  const router = new TurnRouter(flow, queueLimits(options));
  const listeners = new Set<NotificationListener>();
  const approvers: Session['approvers'] = new Map();
  const connection = new Connection(transport, flow, {
    onNotification: (notification, size) => {
      router.route(notification, size);
      if (notification.method === 'turn/completed') {
        approvers.delete(scopeOf(notification.params).turnId ?? '');
      }
      for (const listener of listeners) tell(listener, notification);
    },
    onRequest: (method, params, signal) =>
      answer(options, { router, approvers }, { method, params, signal }),
    onClose: (reason: TransportClosedError) => router.close(reason),
  });
  const ms = options.startTimeoutMs ?? DEFAULTS.startTimeoutMs;
  const timeout = AbortSignal.timeout(ms);
  try {
    const metadata = await initialize(connection, options, timeout);
    verifyVersion(metadata, options.expectedVersion);
    connection.notify('initialized');
    return { connection, router, approvers, listeners, metadata };
  } catch (error) {
    await connection.close(error instanceof TransportClosedError ? error : undefined);
    // Only now: 0.115 tells why it cannot start when its stdin has ended.
    if (error instanceof AbortedError && timeout.aborted) throw silent(ms, transport, error);
    throw error;
  }
}

async function initialize(
  connection: Connection,
  { clientInfo, experimentalApi = false, ...options }: ClientOptions,
  timeout: AbortSignal,
): Promise<ServerMetadata> {
  const params: InitializeParams = {
    clientInfo: clientInfo === undefined ? ownClientInfo() : { title: null, ...clientInfo },
    capabilities: { experimentalApi, requestAttestation: false },
  };
  return connection.request('initialize', params, {
    signal: anySignal(timeout, options.signal),
    parse: parseMetadata,
  });
}

function silent(ms: number, transport: Transport, cause: AbortedError): TransportClosedError {
  const stderr = transport.lastWords();
  const said = stderr === '' ? '' : ` Its last words: ${stderr}`;
  return new TransportClosedError(`The server did not introduce itself within ${ms} ms.${said}`, {
    cause,
    hint: 'Check that the executable is Codex; startTimeoutMs gives a slow machine more time.',
    fields: { stderr },
  });
}

function verifyVersion({ serverVersion }: ServerMetadata, expected: string | undefined): void {
  if (expected === undefined || serverVersion === expected) return;
  throw new CodexRuntimeError(
    'VERSION_MISMATCH',
    `The server is Codex ${serverVersion}, not ${expected}.`,
    {
      hint: `Install Codex ${expected} with codex-runtime, or change expectedVersion.`,
      fields: { expected, actual: serverVersion },
    },
  );
}

interface Asked {
  readonly method: string;
  readonly params: unknown;
  readonly signal: AbortSignal;
}

async function answer(
  options: ClientOptions,
  { router, approvers }: Pick<Session, 'router' | 'approvers'>,
  { method, params, signal }: Asked,
): Promise<unknown> {
  const request = parseApproval(
    method,
    params,
    AbortSignal.any([signal, router.overSignal(params)]),
  );
  if (request !== undefined) {
    const decide = approvers.get(request.turnId) ?? options.onApproval ?? declineAll;
    return toApprovalAnswer(request, await decide(request));
  }
  if (options.onServerRequest !== undefined) {
    return options.onServerRequest({ method, params, signal });
  }
  throw new UnhandledRequest(`This client does not answer ${method}.`);
}

/** A listener that throws must not stop the reading: its error surfaces as an event target's would. */
function tell(listener: NotificationListener, notification: Notification): void {
  try {
    listener(notification);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
