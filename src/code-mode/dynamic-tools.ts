import type { ClientOptions, protocol } from '../app-server/index.ts';
import type { ModelTool } from './model-tools.ts';

/** For `Codex.start`: answers the model's calls of code mode's two tools. */
export function clientOptions(
  tools: readonly ModelTool[],
): Required<Pick<ClientOptions, 'experimentalApi' | 'onServerRequest'>> {
  return {
    experimentalApi: true,
    onServerRequest: async ({ method, params, signal }) => {
      if (method !== 'item/tool/call') {
        throw new Error(`This client does not answer ${method}.`);
      }
      const { tool, arguments: input } = params as protocol.DynamicToolCallParams;
      const found = tools.find(({ name }) => name === tool);
      if (found === undefined) throw new Error(`This client has no tool ${tool}.`);
      return toolResponse(await found.call(input, { signal }));
    },
  };
}

/** For `startThread`: what the model is offered. */
export function threadOptions(
  tools: readonly ModelTool[],
): Required<Pick<protocol.ThreadStartParams, 'dynamicTools'>> {
  return {
    dynamicTools: tools.map(({ name, description, inputSchema }) => ({
      type: 'function',
      name,
      description,
      inputSchema: inputSchema as protocol.DynamicToolFunctionSpec['inputSchema'],
    })),
  };
}

function toolResponse({
  items,
  success,
}: Awaited<ReturnType<ModelTool['call']>>): protocol.DynamicToolCallResponse {
  const contentItems = items.map((item) =>
    item.type === 'text'
      ? ({ type: 'inputText', text: item.text } as const)
      : ({ type: 'inputImage', imageUrl: item.url } as const),
  );
  return { contentItems, success };
}
