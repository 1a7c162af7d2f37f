import type { JsonValue, ThreadItem } from '../generated/protocol.ts';

/** What a turn produces, in the spelling of `@openai/codex-sdk`. */
export type ExecItem =
  | { readonly id: string; readonly type: 'agent_message'; readonly text: string }
  | { readonly id: string; readonly type: 'reasoning'; readonly text: string }
  | {
      readonly id: string;
      readonly type: 'command_execution';
      readonly command: string;
      readonly aggregated_output: string;
      readonly exit_code?: number;
      readonly status: 'in_progress' | 'completed' | 'failed';
    }
  | {
      readonly id: string;
      readonly type: 'file_change';
      readonly changes: readonly { path: string; kind: 'add' | 'delete' | 'update' }[];
      readonly status: 'completed' | 'failed';
    }
  | {
      readonly id: string;
      readonly type: 'mcp_tool_call';
      readonly server: string;
      readonly tool: string;
      readonly arguments: JsonValue;
      readonly result?: { content: JsonValue[]; structured_content: JsonValue };
      readonly error?: { message: string };
      readonly status: 'in_progress' | 'completed' | 'failed';
    }
  | { readonly id: string; readonly type: 'web_search'; readonly query: string }
  | {
      readonly id: string;
      readonly type: 'todo_list';
      readonly items: readonly { text: string; completed: boolean }[];
    };

/** Undefined for kinds of items that `codex exec`, and so that SDK, does not show. */
export function toExecItem(item: ThreadItem): ExecItem | undefined {
  switch (item.type) {
    case 'agentMessage':
      return { id: item.id, type: 'agent_message', text: item.text };
    case 'reasoning':
      return { id: item.id, type: 'reasoning', text: item.summary.join('\n') };
    case 'commandExecution':
      return {
        id: item.id,
        type: 'command_execution',
        command: item.command,
        aggregated_output: item.aggregatedOutput ?? '',
        ...(typeof item.exitCode === 'number' ? { exit_code: item.exitCode } : {}),
        status: progress(item.status),
      };
    case 'fileChange':
      return {
        id: item.id,
        type: 'file_change',
        changes: item.changes.map(({ path, kind }) => ({ path, kind: kind.type })),
        status: item.status === 'completed' ? 'completed' : 'failed',
      };
    case 'mcpToolCall':
      return mcpToolCall(item);
    case 'webSearch':
      return { id: item.id, type: 'web_search', query: item.query };
    default:
      return undefined;
  }
}

function mcpToolCall(item: Extract<ThreadItem, { type: 'mcpToolCall' }>): ExecItem {
  const { result, error } = item;
  return {
    id: item.id,
    type: 'mcp_tool_call',
    server: item.server,
    tool: item.tool,
    arguments: item.arguments,
    ...(result && {
      result: { content: result.content, structured_content: result.structuredContent },
    }),
    ...(error && { error: { message: error.message } }),
    status: progress(item.status),
  };
}

function progress(status: string): 'in_progress' | 'completed' | 'failed' {
  if (status === 'inProgress') return 'in_progress';
  return status === 'completed' ? 'completed' : 'failed';
}
