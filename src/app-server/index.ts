export type {
  JsonSchema,
  Schema,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
  ValueOf,
} from '../schema.ts';
export { Account } from './account.ts';
export { bridgeLines, type LineBridgeRequest } from './bridge-lines.ts';
export type { NotificationListener } from './client.ts';
export {
  Codex,
  type ForkThreadOptions,
  type ListThreadsOptions,
  type ModelsOptions,
  type ResumeThreadOptions,
  type StartThreadOptions,
} from './codex.ts';
export type { ClientOptions, CodexOptions, ConnectOptions } from './codex-options.ts';
export { type CodeModeStep, codeModeStep } from './compat/native-code-mode.ts';
export type { ConfigTable, ConfigValue } from './config-overrides.ts';
export type { Notification } from './connection/notification.ts';
export {
  AbortedError,
  AnswerLostError,
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
  TurnLostError,
} from './errors.ts';
export type * as protocol from './generated/protocol.ts';
export { type Handshake, type HandshakeRequest, handshake } from './handshake.ts';
export type { ServerMetadata } from './metadata.ts';
export type {
  ConnectionEvent,
  RejoinOptions,
  ThreadOutcome,
  TurnOutcome,
} from './rejoin/connection-event.ts';
export { type RetryOptions, retryOnOverload } from './retry.ts';
export type { CallOptions } from './session.ts';
export { Thread, ThreadPromise } from './thread.ts';
export {
  OutputInvalidError,
  parseOutput,
  type TypedTurnResult,
} from './tools/output.ts';
export {
  defineTool,
  defineToolNamespace,
  type Tool,
  type ToolContent,
  type ToolContext,
  type ToolDefinition,
  ToolFailure,
  type ToolNamespace,
  type ToolOrNamespace,
  type ToolResult,
} from './tools/tool.ts';
export { linkedTransports } from './transport/memory-transport.ts';
export type { Transport, TransportListener } from './transport/transport.ts';
export type { ApprovalDecision, ApprovalRequest, Approve } from './turns/approvals.ts';
export type { ExecEvent, ExecUsage } from './turns/exec-events.ts';
export type { ExecItem } from './turns/exec-items.ts';
export type { Input, InputItem } from './turns/input.ts';
export { TurnHandle, type TurnOptions } from './turns/turn-handle.ts';
export { TurnFailedError, type TurnResult } from './turns/turn-result.ts';
export type { NotificationOf, WaitOptions } from './wait-for.ts';
