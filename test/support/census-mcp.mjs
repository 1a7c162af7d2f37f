// An MCP server with a tool for each kind of answer.
import { Server } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';

const anything = { type: 'object' };
const answers = {
  count: ({ city }) => ({
    content: [{ type: 'text', text: `${city.length}` }],
    structuredContent: { city, people: city.length },
  }),
  say: () => ({ content: [{ type: 'text', text: 'words alone' }] }),
  fail: () => ({ content: [{ type: 'text', text: 'no such city' }], isError: true }),
};
const server = new Server({ name: 'census', version: '1' }, { capabilities: { tools: {} } });
server.setRequestHandler('tools/list', async () => ({
  tools: [
    {
      name: 'count',
      description: 'Counts.',
      inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      outputSchema: {
        type: 'object',
        properties: { city: { type: 'string' }, people: { type: 'number' } },
      },
    },
    { name: 'say', inputSchema: anything },
    { name: 'fail', inputSchema: anything },
  ],
}));
server.setRequestHandler('tools/call', async ({ params }) =>
  answers[params.name](params.arguments ?? {}),
);
await server.connect(new StdioServerTransport());
