#!/usr/bin/env bash
# Codex 0.171.0: what the provider's POST /responses looks like depends on the model's *name*.
# Provider, configuration and prompt are equal; only `model` differs, and the names are looked up in the catalogue
# that the executable carries:
#   gpt-6.2-sol (newest)  no member `tools`: they are in the first item of `input`, of type additional_tools and role
#                         developer, as namespaces, with `exec` and `wait` in place of the shell tool, though nothing
#                         turned code mode on
#   gpt-5.5 (older)       `tools` with exec_command and apply_patch
#   a name of one's own   `tools` with exec_command, and no apply_patch at all
# So a gateway or test server that reads body.tools sees none for the newest models, and who gives a model in front
# of the same endpoint a name of his own gets a Codex that cannot call apply_patch as a tool.
#
# Seen (Linux x64):
#   gpt-6.2-sol: tools in input: exec wait
#   gpt-5.5: tools: exec_command apply_patch
#   my-model: tools: exec_command
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm pack --silent @openai/codex@0.171.0-linux-x64 > /dev/null
tar xzf openai-codex-0.171.0-linux-x64.tgz
mkdir work
cat > ask.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [codex, ...models] = process.argv.slice(2);
const bodies = [];
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  if (!request.url.endsWith('/responses')) return response.writeHead(404).end();
  bodies.push(JSON.parse(text));
  const send = (type, rest) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  const item = { type: 'message', role: 'assistant', id: 'm', content: [{ type: 'output_text', text: 'hello' }] };
  const usage = { input_tokens: 1, input_tokens_details: null, output_tokens: 1, output_tokens_details: null, total_tokens: 2 };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  send('response.created', { response: { id: 'r' } });
  send('response.output_item.done', { item });
  send('response.completed', { response: { id: 'r', usage } });
  response.end();
});
await once(server.listen(0, '127.0.0.1'), 'listening');
mkdirSync('home');
writeFileSync('home/config.toml', `
model_provider = "local"
[features]
plugins = false
[model_providers.local]
name = "local"
base_url = "http://127.0.0.1:${server.address().port}/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`);
const INTERESTING = ['exec', 'wait', 'exec_command', 'apply_patch'];
const names = (tools) => tools.flatMap(({ name, tools }) => (tools ? names(tools) : [name]));
const told = (tools) => INTERESTING.filter((name) => names(tools).includes(name)).join(' ');
for (const model of models) {
  const env = { ...process.env, CODEX_HOME: `${process.cwd()}/home` };
  const args = ['exec', '--skip-git-repo-check', '--model', model, 'hello'];
  const child = spawn(codex, args, { cwd: 'work', env, stdio: 'ignore' });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${model}: ended with ${status}`);
  const { tools, input } = bodies.find((body) => body.model === model);
  const extra = input.find(({ type }) => type === 'additional_tools');
  const where = tools === undefined ? `tools in input: ${told(extra.tools)}` : `tools: ${told(tools)}`;
  console.log(`${model}: ${where}`);
}
server.closeAllConnections();
server.close();
JS
node ask.mjs "$dir/package/vendor/x86_64-unknown-linux-musl/bin/codex" gpt-6.2-sol gpt-5.5 my-model | tee seen
diff seen - <<'SEEN'
gpt-6.2-sol: tools in input: exec wait
gpt-5.5: tools: exec_command apply_patch
my-model: tools: exec_command
SEEN
