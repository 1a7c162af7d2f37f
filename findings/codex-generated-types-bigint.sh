#!/usr/bin/env bash
# Codex 0.171.0, `codex app-server generate-ts`: some fields have the type `bigint`, and the wire is JSON.
# Nearly all 64-bit numbers of the generated types are `number`; sixteen files keep `bigint`. JSON.parse makes
# a number of what the server sends, so `config.model_context_window === 100000n` is false and arithmetic with
# another bigint throws, with the compiler's blessing; and a parameter that is given as its type asks, such as
# `timeoutSecs` of mcpServer/oauth/login, cannot be sent at all: JSON.stringify refuses it.
# A client has to read `bigint` in these files as `number`, before it hands the types on.
#
# Seen (Linux x64, Node 20.20.2):
#   files with bigint: 16
#   declared: model_context_window: bigint | null
#   received: number 100000
#   timeoutSecs: bigint, sent: Do not know how to serialize a BigInt
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm pack --silent @openai/codex@0.171.0-linux-x64 > /dev/null
tar xzf openai-codex-0.171.0-linux-x64.tgz
codex=$dir/package/vendor/x86_64-unknown-linux-musl/bin/codex
mkdir home
export CODEX_HOME=$dir/home
printf 'model_context_window = 100000\n[features]\nplugins = false\n' > home/config.toml
"$codex" app-server generate-ts --out types 2> /dev/null

cat > ask.mjs <<'JS'
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
const server = spawn(process.argv[2], ['app-server'], { stdio: ['pipe', 'pipe', 'ignore'] });
const send = (message) => server.stdin.write(`${JSON.stringify(message)}\n`);
createInterface({ input: server.stdout }).on('line', (line) => {
  const { id, result } = JSON.parse(line);
  if (id === 1) {
    send({ method: 'initialized' });
    send({ id: 2, method: 'config/read', params: {} });
  }
  if (id !== 2) return;
  const received = result.config.model_context_window;
  console.log(`received: ${typeof received} ${received}`);
  try {
    send({ id: 3, method: 'mcpServer/oauth/login', params: { name: 'docs', timeoutSecs: 60n } });
  } catch (error) {
    console.log(`timeoutSecs: bigint, sent: ${error.message}`);
  }
  server.stdin.end();
});
send({ id: 1, method: 'initialize', params: { clientInfo: { name: 'reader', title: 'reader', version: '1.0.0' } } });
JS
{
  echo "files with bigint: $(grep -rlw bigint types | wc -l)"
  echo "declared: $(grep -oE 'model_context_window: [a-z |]+' types/v2/Config.ts)"
  grep -qE 'timeoutSecs\?: bigint' types/v2/McpServerOauthLoginParams.ts
  node ask.mjs "$codex"
} | tee seen
diff seen - <<'SEEN'
files with bigint: 16
declared: model_context_window: bigint | null
received: number 100000
timeoutSecs: bigint, sent: Do not know how to serialize a BigInt
SEEN
