import gte from 'semver/functions/gte.js';
import { CodexRuntimeError } from '../../errors.ts';
import { checkValue, describeIssues, toJsonSchema } from '../../schema.ts';
import type {
  DynamicToolCallOutputContentItem,
  DynamicToolCallResponse,
  DynamicToolFunctionSpec,
  DynamicToolSpec,
} from '../generated/protocol.ts';
import {
  type Tool,
  type ToolContent,
  type ToolContext,
  ToolFailure,
  type ToolOrNamespace,
  type ToolResult,
} from './tool.ts';

/** From here on tools may lie in namespaces, and say of themselves what they are. */
const TOOL_NAMESPACES = '0.142.0';

const TOOL_CALL = 'item/tool/call';

/** A call as the server asks for it. */
export interface ToolCall {
  readonly threadId: string;
  readonly turnId: string;
  readonly callId: string;
  readonly namespace: string | null;
  readonly tool: string;
  readonly input: unknown;
}

/** The call that a server's request asks for; undefined when it is none, or malformed. */
export function parseToolCall(method: string, params: unknown): ToolCall | undefined {
  if (method !== TOOL_CALL || typeof params !== 'object' || params === null) return undefined;
  const {
    threadId,
    turnId,
    callId,
    namespace,
    tool,
    arguments: input,
  } = params as Record<string, unknown>;
  const names = [threadId, turnId, callId, tool];
  if (names.some((name) => typeof name !== 'string')) return undefined;
  return { threadId, turnId, callId, namespace: namespace ?? null, tool, input } as ToolCall;
}

/** The tools of a client or thread, by name. */
export class Toolbox {
  readonly #tools = new Map<string, Tool>();
  readonly #all: readonly ToolOrNamespace[];

  /** @throws CodexRuntimeError `USAGE` for two tools of one name */
  constructor(tools: readonly ToolOrNamespace[]) {
    this.#all = tools;
    for (const entry of tools) {
      if (entry.kind === 'tool') this.#add(null, entry);
      else for (const tool of entry.tools) this.#add(entry.name, tool);
    }
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /**
   * What `thread/start` takes.
   * @throws CodexRuntimeError `USAGE` for a schema without a JSON Schema, and for namespaces where
   * the server has none
   */
  toWire(serverVersion: string): DynamicToolSpec[] {
    const tagged = hasToolNamespaces(serverVersion);
    return this.#all.map((entry): DynamicToolSpec => {
      if (entry.kind === 'tool') {
        const spec = specOf(entry);
        return tagged ? { type: 'function', ...spec } : (spec as DynamicToolSpec);
      }
      if (!tagged) throw noNamespaces(entry.name, serverVersion);
      const { name, description } = entry;
      const tools = entry.tools.map((tool) => ({ type: 'function' as const, ...specOf(tool) }));
      return { type: 'namespace', name, description, tools };
    });
  }

  find({ namespace, tool }: ToolCall): Tool | undefined {
    return this.#tools.get(keyOf(namespace, tool));
  }

  #add(namespace: string | null, tool: Tool): void {
    const key = keyOf(namespace, tool.name);
    if (this.#tools.has(key)) {
      throw new CodexRuntimeError('USAGE', `Two tools are called ${key}.`, {
        fields: { name: key },
      });
    }
    this.#tools.set(key, tool);
  }
}

/** Runs a tool; whatever it does, this is an answer for the model. */
export async function runTool(
  tool: Tool,
  call: ToolCall,
  signal: AbortSignal,
): Promise<DynamicToolCallResponse> {
  try {
    const checked = await checkValue(tool.inputSchema, call.input);
    if (checked.issues !== undefined) {
      return failed(`The input is not valid:\n${describeIssues(checked.issues)}`);
    }
    const { threadId, turnId, callId } = call;
    const context: ToolContext = { threadId, turnId, callId, signal };
    return { contentItems: toContentItems(await tool.run(checked.value, context)), success: true };
  } catch (error) {
    if (error instanceof ToolFailure) {
      return { contentItems: error.content.map(contentItem), success: false };
    }
    return failed(textOf(error));
  }
}

function specOf({ name, description, inputSchema, deferLoading }: Tool): DynamicToolFunctionSpec {
  const spec = { name, description, inputSchema: toJsonSchema(inputSchema) };
  return deferLoading ? { ...spec, deferLoading } : spec;
}

function toContentItems(result: ToolResult): DynamicToolCallOutputContentItem[] {
  if (isContent(result)) return [contentItem(result)];
  if (Array.isArray(result) && result.length > 0 && result.every(isContent)) {
    return result.map(contentItem);
  }
  const text = typeof result === 'string' ? result : (JSON.stringify(result) ?? '');
  return [{ type: 'inputText', text }];
}

function isContent(value: unknown): value is ToolContent {
  if (typeof value !== 'object' || value === null) return false;
  const { type, text, url } = value as Record<string, unknown>;
  return (
    (type === 'text' && typeof text === 'string') || (type === 'image' && typeof url === 'string')
  );
}

function contentItem(content: ToolContent): DynamicToolCallOutputContentItem {
  return content.type === 'text'
    ? { type: 'inputText', text: content.text }
    : { type: 'inputImage', imageUrl: content.url };
}

function failed(text: string): DynamicToolCallResponse {
  return { contentItems: [{ type: 'inputText', text }], success: false };
}

function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'The tool failed.';
  }
}

function keyOf(namespace: string | null, name: string): string {
  return namespace === null ? name : `${namespace}/${name}`;
}

function noNamespaces(name: string, version: string): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', `Codex ${version} has no namespaces of tools (${name}).`, {
    hint: 'Give the tools without a namespace, or use Codex 0.142 or newer.',
    fields: { name, version },
  });
}

function hasToolNamespaces(serverVersion: string): boolean {
  return gte(serverVersion, TOOL_NAMESPACES);
}
