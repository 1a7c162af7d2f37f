import { CodexRuntimeError } from '../../errors.ts';
import type {
  CommandExecutionApprovalDecision,
  CommandExecutionRequestApprovalParams,
  FileChangeApprovalDecision,
  FileChangeRequestApprovalParams,
  PermissionsRequestApprovalParams,
  PermissionsRequestApprovalResponse,
} from '../generated/protocol.ts';

/** Something that Codex does only after it was allowed to. */
export type ApprovalRequest = {
  readonly threadId: string;
  readonly turnId: string;
  readonly itemId: string;
  /** Aborts when no decision is wanted any more: the turn was interrupted, or the client closed. */
  readonly signal: AbortSignal;
} & (
  | { readonly kind: 'command'; readonly params: CommandExecutionRequestApprovalParams }
  | { readonly kind: 'fileChange'; readonly params: FileChangeRequestApprovalParams }
  | { readonly kind: 'permissions'; readonly params: PermissionsRequestApprovalParams }
);

/**
 * `accept` and `decline` answer every kind of request; `cancel` also ends the turn. Commands know
 * amendments besides, and a request for permissions may be answered with the ones that are granted.
 */
export type ApprovalDecision =
  | CommandExecutionApprovalDecision
  | FileChangeApprovalDecision
  | PermissionsRequestApprovalResponse;

/** Decides. Throwing declines; the model is told that the callback failed. */
export type Approve = (request: ApprovalRequest) => Promise<ApprovalDecision>;

const KINDS = new Map<string, ApprovalRequest['kind']>([
  ['item/commandExecution/requestApproval', 'command'],
  ['item/fileChange/requestApproval', 'fileChange'],
  ['item/permissions/requestApproval', 'permissions'],
]);

/** The approval that a server's request asks for; undefined when it asks for something else. */
export function parseApproval(
  method: string,
  params: unknown,
  signal: AbortSignal,
): ApprovalRequest | undefined {
  const kind = KINDS.get(method);
  if (kind === undefined || typeof params !== 'object' || params === null) return undefined;
  const { threadId, turnId, itemId } = params as Record<string, unknown>;
  if ([threadId, turnId, itemId].some((id) => typeof id !== 'string')) return undefined;
  // The method decides what the parameters are: that is the protocol's own promise.
  return { kind, threadId, turnId, itemId, signal, params } as unknown as ApprovalRequest;
}

/** Nobody was asked, so nothing is allowed. */
export async function declineAll(): Promise<ApprovalDecision> {
  return 'decline';
}

/**
 * The answer in the shape that the request's kind has.
 * @throws CodexRuntimeError `USAGE` for what is not a decision
 */
export function toApprovalAnswer(request: ApprovalRequest, decision: ApprovalDecision): unknown {
  if (!isDecision(decision)) {
    throw new CodexRuntimeError(
      'USAGE',
      `onApproval must resolve to one of ${[...WORDS].join(', ')}, or to an object.`,
    );
  }
  if (request.kind !== 'permissions') return { decision };
  if (typeof decision === 'object' && 'permissions' in decision) return decision;
  const granted = decision === 'accept' || decision === 'acceptForSession';
  return {
    permissions: granted ? request.params.permissions : {},
    scope: decision === 'acceptForSession' ? 'session' : 'turn',
  };
}

const WORDS = new Set<unknown>(['accept', 'acceptForSession', 'decline', 'cancel']);

function isDecision(value: unknown): boolean {
  return WORDS.has(value) || (typeof value === 'object' && value !== null);
}
