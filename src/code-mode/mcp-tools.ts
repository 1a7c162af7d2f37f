import type { JsonSchema } from '../app-server/index.ts';
import { CodeModeError } from './errors.ts';
import type { CodeModeTool } from './tool.ts';

/** As much of a `Codex` as the tools need. */
interface Server {
  request<T>(method: string, params: unknown, options?: { signal?: AbortSignal }): Promise<T>;
}

export interface McpToolsOptions {
  /** The MCP servers whose tools are wanted. Default: all. */
  readonly servers?: readonly string[];
  /** The thread that calls are made for where a script comes from no turn. Default: they fail. */
  readonly threadId?: string;
  readonly signal?: AbortSignal;
}

/** What `mcpServerStatus/list` tells, as far as it matters here. */
interface Status {
  readonly name: string;
  readonly tools: Readonly<Record<string, McpTool | undefined>>;
}

interface McpTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
}

/** An MCP server's answer to a call. */
interface McpResult {
  readonly content: readonly { readonly type?: string; readonly text?: string }[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

/**
 * The tools of the MCP servers that a running Codex (0.171 and newer) is configured with, for
 * scripts: `tools.SERVER.NAME`. Codex makes the calls, for the thread whose turn runs the script.
 *
 * @param codex a client of the server
 * @throws CodeModeError `USAGE` for a server that Codex does not have; what `codex.request` throws
 */
export async function mcpTools(
  codex: Server,
  { servers, threadId, signal }: McpToolsOptions = {},
): Promise<CodeModeTool[]> {
  const found = await statuses(codex, signal);
  const missing = servers?.find((name) => !found.some((status) => status.name === name));
  if (missing !== undefined) {
    const names = found.map(({ name }) => name).join(', ');
    const message = `Codex has no MCP server ${missing}. It has: ${names || 'none'}.`;
    throw new CodeModeError('USAGE', message);
  }
  const wanted = found.filter(({ name }) => servers?.includes(name) ?? true);
  return wanted.flatMap(({ name: server, tools }) =>
    Object.values(tools).flatMap((tool) =>
      tool === undefined ? [] : [toolOf(codex, { server, tool, threadId })],
    ),
  );
}

async function statuses(codex: Server, signal: AbortSignal | undefined): Promise<Status[]> {
  const all: Status[] = [];
  let cursor: string | null = null;
  do {
    const page: { data: Status[]; nextCursor: string | null } = await codex.request(
      'mcpServerStatus/list',
      { cursor },
      signal === undefined ? {} : { signal },
    );
    all.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return all;
}

function toolOf(
  codex: Server,
  {
    server,
    tool,
    threadId: given,
  }: { readonly server: string; readonly tool: McpTool; readonly threadId: string | undefined },
): CodeModeTool {
  return {
    name: tool.name,
    namespace: server,
    description: tool.description ?? '',
    inputSchema: tool.inputSchema,
    outputSchema: {
      type: 'object',
      properties: {
        content: { type: 'array', items: { type: 'object' } },
        structuredContent: tool.outputSchema ?? true,
      },
      required: ['content'],
    },
    run: async (input: unknown, { threadId, signal }) => {
      const thread = threadId === '' ? given : threadId;
      if (thread === undefined)
        throw new Error('Codex calls tools of MCP servers for a thread only.');
      const params = { threadId: thread, server, tool: tool.name, arguments: input };
      const result = await codex.request<McpResult>('mcpServer/tool/call', params, { signal });
      if (result.isError === true) throw new Error(textOf(result) || `${tool.name} failed.`);
      const { content, structuredContent = null } = result;
      return structuredContent === null ? { content } : { content, structuredContent };
    },
  };
}

function textOf({ content }: McpResult): string {
  return content.flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n');
}
