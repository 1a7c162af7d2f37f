import type { ToolContext, ToolNamespace } from '../app-server/index.ts';
import {
  checkValue,
  describeIssues,
  isStandardSchema,
  type Schema,
  toJsonSchema,
} from '../schema.ts';
import { declareTool } from './declarations.ts';
import { CodeModeError } from './errors.ts';
import type { GuestTool } from './protocol.ts';

/**
 * Something that scripts can call; what `defineTool` of the client makes is one. What `run` returns
 * is the script's value, as JSON holds it; what it throws becomes an exception with the error's
 * message.
 */
export interface CodeModeTool {
  readonly name: string;
  /** Groups tools: `files` makes `tools.files.read` of `read`. */
  readonly namespace?: string;
  readonly description?: string;
  /**
   * A Standard Schema (zod, ArkType, Valibot), which checks the input, or a JSON Schema, which only
   * describes it. Default: any object.
   */
  readonly inputSchema?: Schema;
  /** Of the result, for the declaration that the model reads. Default: unknown. */
  readonly outputSchema?: Schema;
  /** `freeform` takes a string in place of an object. Default `tool`. */
  readonly kind?: 'tool' | 'freeform';
  /** Leaves it out of the model's first prompt; scripts find it in `ALL_TOOLS`. Default false. */
  readonly deferLoading?: boolean;
  readonly run: (input: never, context: ToolContext) => unknown;
}

/** The tools by the name that events carry, and how scripts see them. */
export interface ToolSurface {
  readonly guest: readonly GuestTool[];
  /** @throws what the tool throws, and an error for input that its schema refuses */
  run(name: string, input: unknown, context: ToolContext): unknown;
}

/**
 * @throws CodeModeError `USAGE` where two tools would have one name inside of scripts;
 * CodexRuntimeError `USAGE` for a schema that tells no JSON Schema
 */
export function toolSurface(entries: readonly (CodeModeTool | ToolNamespace)[]): ToolSurface {
  const byName = new Map<string, CodeModeTool>();
  const guest = new Map<string, GuestTool>();
  for (const tool of entries.flatMap(membersOf)) {
    const path = pathOf(tool);
    const place = path.join('.');
    const other = [...guest.keys()].find(
      (key) => isSameOrInside(key, place) || isSameOrInside(place, key),
    );
    if (other !== undefined) {
      throw new CodeModeError(
        'USAGE',
        `Two tools would be tools.${place} and tools.${other} inside of scripts: rename one.`,
      );
    }
    const name = tool.namespace === undefined ? tool.name : `${tool.namespace}.${tool.name}`;
    if (byName.has(name)) throw new CodeModeError('USAGE', `Two tools are named ${name}.`);
    byName.set(name, tool);
    guest.set(place, guestTool(tool, name, path));
  }
  const inOrder = [...guest].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    guest: inOrder.map(([, tool]) => tool),
    run: (name, input, context) => {
      const tool = byName.get(name);
      if (tool === undefined) throw new Error(`No tool is called ${name}.`);
      const { inputSchema = {} } = tool;
      // At once: a script that does not await its call may be over in a moment.
      if (!isStandardSchema(inputSchema)) return tool.run(input as never, context);
      return runChecked(tool, inputSchema, { input, context });
    },
  };
}

async function runChecked(
  tool: CodeModeTool,
  schema: Schema,
  { input, context }: { readonly input: unknown; readonly context: ToolContext },
): Promise<unknown> {
  const checked = await checkValue(schema, input);
  if (checked.issues !== undefined) {
    throw new Error(`The input is not valid:\n${describeIssues(checked.issues)}`);
  }
  return await tool.run(checked.value as never, context);
}

function membersOf(entry: CodeModeTool | ToolNamespace): readonly CodeModeTool[] {
  if (!isNamespace(entry)) return [entry];
  return entry.tools.map((tool) => ({ ...tool, namespace: entry.name }));
}

function isNamespace(entry: CodeModeTool | ToolNamespace): entry is ToolNamespace {
  return entry.kind === 'namespace';
}

function guestTool(tool: CodeModeTool, name: string, path: readonly string[]): GuestTool {
  const { inputSchema, outputSchema, deferLoading: isDeferred = false } = tool;
  const description = declareTool({
    path,
    description: tool.description ?? '',
    input:
      tool.kind === 'freeform'
        ? { type: 'string' }
        : toJsonSchema(inputSchema ?? { type: 'object' }),
    output: outputSchema === undefined ? true : toJsonSchema(outputSchema),
  });
  const kind = tool.kind === 'freeform' ? 'freeform' : 'function';
  return { name, path, kind, description, isDeferred };
}

function isSameOrInside(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(`${outer}.`);
}

function pathOf({ name, namespace }: CodeModeTool): string[] {
  return namespace === undefined
    ? [identifierOf(name)]
    : [identifierOf(namespace), identifierOf(name)];
}

/** `name` as an identifier of JavaScript: what cannot stand in one becomes `_`. */
export function identifierOf(name: string): string {
  if (name === '') throw new CodeModeError('USAGE', 'A tool has an empty name.');
  const legal = name.replace(/[^\p{ID_Continue}$]/gu, '_');
  return /^[\p{ID_Start}$_]/u.test(legal) ? legal : `_${legal}`;
}
