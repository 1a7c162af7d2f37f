import { CodexRuntimeError } from '../../errors.ts';
import type { JsonSchema, Schema, ValueOf } from '../../schema.ts';

/** What a tool is told besides its input. */
export interface ToolContext {
  readonly threadId: string;
  readonly turnId: string;
  readonly callId: string;
  /** Aborts when no result is wanted any more: the call or its turn is over, or the client closed. */
  readonly signal: AbortSignal;
}

/** One part of a result. */
export type ToolContent =
  | { readonly type: 'text'; readonly text: string }
  /** `url` is a `data:` URL. */
  | { readonly type: 'image'; readonly url: string };

/** What the model gets: a text, parts, or any other value, which becomes JSON. */
export type ToolResult = string | ToolContent | readonly ToolContent[] | unknown;

/** Thrown by a tool whose failure is more than a text: the model gets these parts. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
  readonly content: readonly ToolContent[];

  constructor(content: readonly ToolContent[]) {
    super(content.map((part) => (part.type === 'text' ? part.text : part.url)).join('\n'));
    this.content = content;
  }
}

/** A tool of your own that Codex may call. Made by {@link defineTool}. */
export interface Tool {
  readonly kind: 'tool';
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Schema;
  /** Leaves it out of the model's first prompt; the model finds it by searching. Default false. */
  readonly deferLoading: boolean;
  run(input: unknown, context: ToolContext): ToolResult | Promise<ToolResult>;
}

/** Tools under a common name. Made by {@link defineToolNamespace}. */
export interface ToolNamespace {
  readonly kind: 'namespace';
  readonly name: string;
  readonly description: string;
  readonly tools: readonly Tool[];
}

/** What `tools` of `Codex.start` and `startThread` takes. */
export type ToolOrNamespace = Tool | ToolNamespace;

export interface ToolDefinition<S extends Schema> {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  /** Tells the model what the tool does and when to use it. */
  readonly description: string;
  /**
   * A schema of any library that follows Standard Schema and tells its JSON Schema (zod 4.2,
   * ArkType 2.1.28, Valibot with its converter), or a JSON Schema. The first kind checks the input
   * and gives it its type. Default: no input.
   */
  readonly inputSchema?: S;
  readonly deferLoading?: boolean;
  /** Its result goes to the model; what it throws is told as a failure, with the error's message. */
  readonly run: (input: ValueOf<S>, context: ToolContext) => ToolResult | Promise<ToolResult>;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const NO_INPUT: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

/**
 * A tool of your own.
 * @throws CodexRuntimeError `USAGE` for a name that Codex refuses
 */
export function defineTool<const S extends Schema>(definition: ToolDefinition<S>): Tool {
  const { name, description, inputSchema = NO_INPUT, deferLoading = false } = definition;
  verifyName(name);
  const run = definition.run as Tool['run'];
  return { kind: 'tool', name, description, inputSchema, deferLoading, run };
}

/**
 * Tools under a common name, for Codex 0.142 and newer.
 * @throws CodexRuntimeError `USAGE` for a name that Codex refuses
 */
export function defineToolNamespace(definition: {
  readonly name: string;
  readonly description: string;
  readonly tools: readonly Tool[];
}): ToolNamespace {
  verifyName(definition.name);
  return { kind: 'namespace', ...definition };
}

function verifyName(name: string): void {
  if (NAME.test(name)) return;
  throw new CodexRuntimeError('USAGE', `A tool cannot be called ${JSON.stringify(name)}.`, {
    hint: 'Use letters, digits, "_" and "-", at most 64 of them.',
    fields: { name },
  });
}
