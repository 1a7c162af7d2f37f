export { Account } from './account.ts';
export type { ApprovalDecision, ApprovalRequest, Approve } from './approvals.ts';
export type { NotificationListener } from './client.ts';
export {
  Codex,
  type ForkThreadOptions,
  type ListThreadsOptions,
  type ModelsOptions,
  type ResumeThreadOptions,
  type StartThreadOptions,
} from './codex.ts';
export type { ClientOptions, CodexOptions } from './codex-options.ts';
export type { ConfigTable, ConfigValue } from './config-overrides.ts';
export {
  AbortedError,
  AppServerError,
  EventsLostError,
  InternalRpcError,
  InvalidParamsError,
  InvalidRequestError,
  isRetryableError,
  JsonRpcError,
  MethodNotFoundError,
  ParseError,
  ProtocolError,
  RetryLimitExceededError,
  ServerBusyError,
  TransportClosedError,
} from './errors.ts';
export type { ExecEvent, ExecUsage } from './exec-events.ts';
export type { ExecItem } from './exec-items.ts';
export type * as protocol from './generated/protocol.ts';
export { type Handshake, type HandshakeRequest, handshake } from './handshake.ts';
export type { Input, InputItem } from './input.ts';
export { linkedTransports } from './memory-transport.ts';
export type { ServerMetadata } from './metadata.ts';
export type { Notification } from './notification.ts';
export { type RetryOptions, retryOnOverload } from './retry.ts';
export type { CallOptions } from './session.ts';
export { Thread, ThreadPromise } from './thread.ts';
export type { Transport, TransportListener } from './transport.ts';
export { TurnHandle, type TurnOptions } from './turn-handle.ts';
export { TurnFailedError, type TurnResult } from './turn-result.ts';
