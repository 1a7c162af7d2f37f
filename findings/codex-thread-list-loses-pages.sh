#!/usr/bin/env bash
# Codex 0.156.0, app-server: thread/list by pages leaves threads out; one large page has them all.
# The default order is by creation, and the cursor after a page is its last thread's time in whole seconds, with
# nothing else. Threads of that same second that did not fit the page are on no page. So a client that opened eight
# threads at once and lists two a page is told of two. Nothing says that something is missing: the last cursor is
# null as ever. 0.142.0 and 0.150.0 do the same; 0.115.0, 0.169.0 and 0.171.0 have the thread's id in the cursor
# and lose none. For all versions, sortKey "updated_at" (whose cursor has milliseconds) gave all of them here.
#
# Seen (Linux x64), eight threads that were begun together, two a page:
#   0.156.0: a second is split by a page: threads are lost, the cursor has no id
#   0.171.0: all 8, the cursor has an id
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > list.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const [program, version] = process.argv.slice(2);
const model = createServer((request, response) => {
  request.resume();
  const send = (type, rest) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  const message = { type: 'message', role: 'assistant', id: 'm', content: [{ type: 'output_text', text: 'hello' }] };
  const usage = { input_tokens: 1, input_tokens_details: null, output_tokens: 1, output_tokens_details: null, total_tokens: 2 };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  send('response.created', { response: { id: 'r' } });
  send('response.output_item.done', { item: message });
  send('response.completed', { response: { id: 'r', usage } });
  response.end();
});
await once(model.listen(0, '127.0.0.1'), 'listening');
const home = `${process.cwd()}/home-${version}`;
mkdirSync(home);
writeFileSync(`${home}/config.toml`, `
model = "gpt-5.5"
model_provider = "local"
[features]
plugins = false
[model_providers.local]
name = "local"
base_url = "http://127.0.0.1:${model.address().port}/v1"
wire_api = "responses"
`);
const server = spawn(program, ['app-server'], {
  env: { ...process.env, CODEX_HOME: home },
  stdio: ['pipe', 'pipe', 'ignore'],
});
const waiting = new Map();
const turns = new Map();
createInterface({ input: server.stdout }).on('line', (line) => {
  const { id, method, params, result } = JSON.parse(line);
  if (method === undefined) waiting.get(id)?.(result);
  if (method === 'turn/completed') turns.get(params.threadId)?.();
});
let last = 0;
const call = (method, params) =>
  new Promise((resolve) => {
    waiting.set(++last, resolve);
    server.stdin.write(`${JSON.stringify({ id: last, method, params })}\n`);
  });
await call('initialize', { clientInfo: { name: 'lister', title: 'lister', version: '1.0.0' } });
server.stdin.write('{"method":"initialized"}\n');
const begin = async () => {
  const { thread } = await call('thread/start', { cwd: home });
  const done = new Promise((resolve) => turns.set(thread.id, resolve));
  await call('turn/start', { threadId: thread.id, input: [{ type: 'text', text: 'hello' }] });
  await done;
};
await Promise.all(Array.from({ length: 8 }, begin));

const pages = async (rest) => {
  const seen = new Set();
  const cursors = [];
  for (let cursor = null; ; ) {
    const page = await call('thread/list', { limit: 2, cursor, ...rest });
    for (const { id } of page.data) seen.add(id);
    cursor = page.nextCursor;
    if (cursor === null) return { seen, cursors };
    cursors.push(cursor);
  }
};
const { data: all } = await call('thread/list', {});
const { seen, cursors } = await pages({});
const { seen: updated } = await pages({ sortKey: 'updated_at' });
const seconds = new Set(all.map(({ createdAt }) => createdAt)).size;
console.error(`${version}: one page ${all.length} (in ${seconds} s), pages ${seen.size}, by update ${updated.size}; cursor ${cursors[0]}`);
console.log(`${version}: one page ${all.length}, pages ${seen.size < all.length ? 'fewer' : 'all'}, by update ${updated.size}`);
server.stdin.end();
await once(server, 'close');
model.closeAllConnections();
model.close();
JS
for version in 0.156.0 0.171.0; do
  npm pack --silent "@openai/codex@$version-linux-x64" > /dev/null
  mkdir "$version"
  tar xzf "openai-codex-$version-linux-x64.tgz" -C "$version"
  node list.mjs "$(echo "$version"/package/vendor/*/bin/codex)" "$version"
done | tee seen
diff seen - <<'SEEN'
0.156.0: one page 8, pages fewer, by update 8
0.171.0: one page 8, pages all, by update 8
SEEN
