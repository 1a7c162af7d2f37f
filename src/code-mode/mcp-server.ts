import type { Readable, Writable } from 'node:stream';
import type { CodeMode } from './code-mode.ts';
import { PROTOCOL_VERSION } from './frames.ts';
import type { ModelTool } from './model-tools.ts';
import type { OutputItem } from './output.ts';

export interface ServeOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Ends the server. */
  readonly signal?: AbortSignal;
}

/** The names that MCP clients know code mode by; they put the server's own name in front. */
const MCP_NAMES: Readonly<Record<string, string>> = { exec_script: 'exec', wait_script: 'wait' };

/**
 * An MCP server over standard streams with two tools, `exec` and `wait`. Resolves when its client
 * has gone.
 */
export async function serveMcp(codeMode: CodeMode, options: ServeOptions): Promise<void> {
  const tools = new Map(
    codeMode.modelTools().map((tool) => [MCP_NAMES[tool.name] ?? tool.name, tool]),
  );
  // Late, so that the library is a file of its own, which nobody else reads.
  const { Server } = await import('@modelcontextprotocol/server');
  const { StdioServerTransport } = await import('@modelcontextprotocol/server/stdio');
  const server = new Server(
    { name: 'codex-runtime-code-mode', version: String(PROTOCOL_VERSION) },
    { capabilities: { tools: {} } },
  );
  server.setRequestHandler('tools/list', async () => ({
    tools: [...tools].map(([name, { description, inputSchema }]) => ({
      name,
      description: renamed(description),
      inputSchema: inputSchema as { type: 'object' },
    })),
  }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const tool = tools.get(params.name);
    if (tool === undefined)
      return answer({ items: [text(`No tool is called ${params.name}.`)], success: false });
    return answer(await tool.call(params.arguments ?? {}, { signal: mcpReq.signal }));
  });
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
    options.input.once('end', resolve);
    options.output.once('error', () => resolve());
    options.signal?.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.connect(new StdioServerTransport(options.input, options.output));
  await closed;
  await server.close();
}

const text = (value: string): OutputItem => ({ type: 'text', text: value });

function renamed(description: string): string {
  return Object.entries(MCP_NAMES).reduce(
    (words, [from, to]) => words.replaceAll(from, to),
    description,
  );
}

function answer({ items, success }: Awaited<ReturnType<ModelTool['call']>>) {
  return { content: items.map(contentOf), isError: !success };
}

function contentOf(item: OutputItem) {
  if (item.type === 'text') return { type: 'text' as const, text: item.text };
  const [, mimeType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(item.url) ?? [];
  if (mimeType === undefined || data === undefined)
    return { type: 'text' as const, text: item.url };
  return { type: 'image' as const, mimeType, data };
}
