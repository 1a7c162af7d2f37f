import { declareTool } from './declarations.ts';
import { CodeModeError } from './errors.ts';
import type { GuestTool } from './protocol.ts';

export interface ToolContext {
  /** Aborts when the answer is not wanted any more: the cell ended, or the code mode was closed. */
  readonly signal: AbortSignal;
}

/**
 * Something that scripts can call. What `run` returns is the script's value, as JSON holds it;
 * what it throws becomes an exception with the error's message.
 */
export interface CodeModeTool {
  readonly name: string;
  /** Groups tools: `files` makes `tools.files.read` of `read`. */
  readonly namespace?: string;
  readonly description?: string;
  /** JSON Schema of the input. Default: any object. */
  readonly inputSchema?: object;
  /** JSON Schema of the result, for the declaration that the model reads. Default: unknown. */
  readonly outputSchema?: object;
  /** `freeform` takes a string in place of an object. Default `function`. */
  readonly kind?: 'function' | 'freeform';
  readonly run: (input: never, context: ToolContext) => unknown;
}

/** The tools by the name that events carry, and how scripts see them. */
export interface ToolSurface {
  readonly guest: readonly GuestTool[];
  find(name: string): CodeModeTool | undefined;
}

/** @throws CodeModeError `USAGE` where two tools would have one name inside of scripts */
export function toolSurface(tools: readonly CodeModeTool[]): ToolSurface {
  const byName = new Map<string, CodeModeTool>();
  const guest = new Map<string, GuestTool>();
  for (const tool of tools) {
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
    const kind = tool.kind ?? 'function';
    const name = tool.namespace === undefined ? tool.name : `${tool.namespace}.${tool.name}`;
    if (byName.has(name)) throw new CodeModeError('USAGE', `Two tools are named ${name}.`);
    byName.set(name, tool);
    guest.set(place, { name, path, kind, description: declareTool(tool, path) });
  }
  const inOrder = [...guest].sort(([a], [b]) => (a < b ? -1 : 1));
  return { guest: inOrder.map(([, tool]) => tool), find: (name) => byName.get(name) };
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
