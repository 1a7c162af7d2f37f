import { type Tool, ToolFailure } from '../app-server/index.ts';
import type { ModelTool } from './model-tools.ts';

/** Code mode's own tools as the client takes them: for `Codex.start` and `startThread`. */
export function clientTools(tools: readonly ModelTool[]): Tool[] {
  return tools.map(({ name, description, inputSchema, call }) => ({
    kind: 'tool',
    name,
    description,
    inputSchema: { ...inputSchema },
    deferLoading: false,
    run: async (input, { signal, ...caller }) => {
      const { items, success } = await call(input, { signal, caller });
      if (!success) throw new ToolFailure(items);
      return items;
    },
  }));
}
