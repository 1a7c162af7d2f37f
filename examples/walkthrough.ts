// From nothing to streamed turns, tools and approvals: one page to read and to run.
// It needs no installed Codex (it brings one), and a login of Codex for the model's answers.
import { Codex, defineTool } from 'codex-runtime/app-server';

// 1. A runtime and its server. An installed codex-cli-bin is taken, else this version is brought,
//    verified and kept for the next time.
await using codex = await Codex.start({
  provision: '0.171.0',
  onApproval: async (request) => {
    // 5. What leaves the sandbox is decided here. This program allows one command, once.
    if (request.kind !== 'command') return 'decline';
    const { command, reason } = request.params;
    const allowed = command?.includes('date') === true;
    console.log('asked:', reason, '->', allowed ? 'accept' : 'decline');
    return allowed ? 'accept' : 'decline';
  },
});
console.log('1. server:', codex.metadata.serverName, codex.metadata.serverVersion);

// Without a login or a network Codex would wait for ever: every turn has a deadline.
const deadline = () => AbortSignal.timeout(120_000);

// 2. A thread, and one turn of it.
const thread = await codex.startThread();
const first = await thread.run('Say hello in one sentence.', { signal: deadline() });
console.log('2. answer:', first.finalResponse);

// 3. A turn as it happens.
const turn = await thread.turn('Name three rivers, one a line.');
let text = '';
for await (const { method, params } of turn.stream({ signal: deadline() })) {
  if (method === 'item/agentMessage/delta') text += params.delta;
  if (method === 'turn/completed') console.log('3. streamed:', params.turn.status);
}
console.log(text);

// 4. A tool of this program's, for a thread of its own.
const readSensor = defineTool({
  name: 'read_sensor',
  description: 'The temperature of a room, in degrees Celsius.',
  inputSchema: {
    type: 'object',
    properties: { room: { type: 'string' } },
    required: ['room'],
    additionalProperties: false,
  },
  run: (input) => {
    console.log('called:', JSON.stringify(input));
    return { celsius: 21 };
  },
});
const withTool = await codex.startThread({ tools: [readSensor] });
const warm = await withTool.run('How warm is the kitchen?', { signal: deadline() });
console.log('4. tool:', warm.finalResponse);

// 5. A command that needs a permission: onApproval above is asked.
const asked = await thread.run('Run the command date, outside of the sandbox.', {
  signal: deadline(),
});
console.log('5. approved:', asked.finalResponse);

// 6. Threads are kept: another process continues this one by its id.
console.log('6. thread:', thread.id);
