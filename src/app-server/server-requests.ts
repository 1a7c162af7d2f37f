import type { ClientOptions } from './codex-options.ts';
import { UnhandledRequest } from './connection/answering.ts';
import type { Connection } from './connection/connection.ts';
import type { Tool } from './tools/tool.ts';
import { parseToolCall, runTool, type ToolCall } from './tools/toolbox.ts';
import {
  type ApprovalRequest,
  declineAll,
  parseApproval,
  toApprovalAnswer,
} from './turns/approvals.ts';
import type { TurnRouter } from './turns/turn-router.ts';

interface Answering {
  readonly options: ClientOptions;
  readonly router: TurnRouter;
  readonly connection: Connection;
  readonly findTool: (call: ToolCall) => Tool | undefined;
}

interface Asked {
  readonly method: string;
  readonly params: unknown;
  readonly controller: AbortController;
}

/** Answers what the server asks: by the turn's callback, else by the client's. */
export async function answerRequest(
  { options, router, connection, findTool }: Answering,
  { method, params, controller }: Asked,
): Promise<unknown> {
  const { signal } = controller;
  const release = router.watch(params, controller);
  try {
    const request = parseApproval(method, params, signal);
    if (request !== undefined) {
      const decide = router.ownerOf(params)?.onApproval ?? options.onApproval ?? declineAll;
      const decision = await decide(request);
      if (decision === 'cancel' && request.kind === 'permissions') cancelTurn(connection, request);
      return toApprovalAnswer(request, decision);
    }
    const call = parseToolCall(method, params);
    const tool = call && findTool(call);
    if (call !== undefined && tool !== undefined) return await runTool(tool, call, signal);
    if (options.onServerRequest === undefined) {
      throw new UnhandledRequest(`This client does not answer ${method}.`);
    }
    return await options.onServerRequest({ method, params, signal });
  } finally {
    release();
  }
}

/** How long an interruption is waited for that the server may leave without an answer. */
const CANCEL_MS = 5_000;

/** The protocol's answers to a request for permissions cannot end the turn, as the others can. */
function cancelTurn(connection: Connection, { threadId, turnId }: ApprovalRequest): void {
  const signal = AbortSignal.timeout(CANCEL_MS);
  connection.request('turn/interrupt', { threadId, turnId }, { signal }).catch(() => undefined);
}
