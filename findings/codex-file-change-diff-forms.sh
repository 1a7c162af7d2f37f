#!/usr/bin/env bash
# Codex 0.171.0, app-server: `changes[].diff` of a fileChange item is a diff only where the kind is "update".
# The generated type is `{ path: string, kind: PatchChangeKind, diff: string }` for all. What is in it:
#   update           hunks without a file header, to be applied with `path`
#   add              the new file's text, bare; also when the file was there before and is replaced by it
#   delete           the old file's text, bare
#   update and move  hunks, and behind them the sentence "Moved to: PATH", which git passes over and a viewer shows
# A viewer that prints `diff` shows an added file without a single "+"; one that parses it fails, or finds hunks in an
# added Markdown file that quotes some. Read `kind` (and its move_path) first.
#
# Seen (Linux x64, git 2.39.5), each diff below its own file header given to `git apply --check -R`:
#   update: "@@ -1 +1 @@\n-one\n+ONE\n" applies
#   add: "three\n" no patch
#   delete: "two\n" no patch
#   update and move: "@@ -1 +1 @@\n-four\n+FOUR\n\n\nMoved to: …" applies
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm pack --silent @openai/codex@0.171.0-linux-x64 > /dev/null
tar xzf openai-codex-0.171.0-linux-x64.tgz
mkdir home work
cd work
git init --quiet .
for name in one two three four; do echo "$name" > "$name.txt"; done
echo old > three.txt
cat > ../run.mjs <<'JS'
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const PATCHES = [
  '*** Update File: one.txt\n@@\n-one\n+ONE',
  '*** Add File: three.txt\n+three',
  '*** Delete File: two.txt',
  '*** Update File: four.txt\n*** Move to: five.txt\n@@\n-four\n+FOUR',
];
let asked = 0;
const model = createServer((request, response) => {
  request.resume();
  const patch = PATCHES[asked++];
  const call = {
    type: 'custom_tool_call', call_id: `c${asked}`, name: 'apply_patch',
    input: `*** Begin Patch\n${patch}\n*** End Patch\n`,
  };
  const message = { type: 'message', role: 'assistant', id: 'm', content: [{ type: 'output_text', text: 'done' }] };
  const usage = { input_tokens: 1, input_tokens_details: null, output_tokens: 1, output_tokens_details: null, total_tokens: 2 };
  const send = (type, rest) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  send('response.created', { response: { id: `r${asked}` } });
  send('response.output_item.done', { item: patch === undefined ? message : call });
  send('response.completed', { response: { id: `r${asked}`, usage } });
  response.end();
});
await once(model.listen(0, '127.0.0.1'), 'listening');
writeFileSync('../home/config.toml', `
model = "gpt-5.5"
model_provider = "local"
approval_policy = "never"
sandbox_mode = "danger-full-access"
[features]
plugins = false
[model_providers.local]
name = "local"
base_url = "http://127.0.0.1:${model.address().port}/v1"
wire_api = "responses"
`);
const cwd = process.cwd();
const env = { ...process.env, CODEX_HOME: `${cwd}/../home` };
const server = spawn(process.argv[2], ['app-server'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
const send = (message) => server.stdin.write(`${JSON.stringify(message)}\n`);
const applies = (file, diff) => {
  const input = `--- a/${file}\n+++ b/${file}\n${diff}`;
  return spawnSync('git', ['apply', '--check', '-R', '-'], { input }).status === 0;
};
const checked = [];
createInterface({ input: server.stdout }).on('line', (line) => {
  const { id, method, params, result } = JSON.parse(line);
  if (id === 1) {
    send({ method: 'initialized' });
    send({ id: 2, method: 'thread/start', params: { cwd } });
  }
  if (id === 2) {
    const input = [{ type: 'text', text: 'hello' }];
    send({ id: 3, method: 'turn/start', params: { threadId: result.thread.id, input } });
  }
  if (method === 'item/completed' && params.item.type === 'fileChange') {
    for (const { path, kind, diff } of params.item.changes) {
      const name = kind.move_path ? 'update and move' : kind.type;
      const file = (kind.move_path ?? path).split('/').pop();
      const shown = JSON.stringify(diff.replace(/(Moved to:).*/s, '$1 …'));
      checked.push(`${name}: ${shown} ${applies(file, diff) ? 'applies' : 'no patch'}`);
    }
  }
  if (method === 'turn/completed') server.stdin.end();
});
send({ id: 1, method: 'initialize', params: { clientInfo: { name: 'viewer', title: 'viewer', version: '1.0.0' } } });
await once(server, 'close');
console.log(checked.join('\n'));
model.closeAllConnections();
model.close();
JS
node ../run.mjs "$dir/package/vendor/x86_64-unknown-linux-musl/bin/codex" | tee ../seen
diff ../seen - <<'SEEN'
update: "@@ -1 +1 @@\n-one\n+ONE\n" applies
add: "three\n" no patch
delete: "two\n" no patch
update and move: "@@ -1 +1 @@\n-four\n+FOUR\n\n\nMoved to: …" applies
SEEN
