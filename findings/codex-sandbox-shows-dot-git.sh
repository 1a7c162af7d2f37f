#!/usr/bin/env bash
# Codex 0.171.0 on Linux, sandbox workspace-write: an empty workspace is not empty for the command that runs in it.
# Directories that a command must not make (.git, .codex and .agents among them) are kept from it by empty ones
# that are mounted read-only in their places; they are there for the command alone and leave nothing behind.
# So in a directory that is not a repository `[ -e .git ]` holds, and tools that look for a repository's root that way
# find one; `git` itself is not deceived, but `git init` fails with "Read-only file system"; and generators that
# want an empty directory refuse it: what an agent is asked for first in a new project.
# 0.142.0 does the same. A real .git is shown read-only instead.
#
# Seen (Linux x64, as a user who may make user namespaces, git 2.39.5):
#   seen inside: .agents .codex .git
#   git rev-parse: 128
#   git init: failed
#   outside: nothing
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm pack --silent @openai/codex@0.171.0-linux-x64 > /dev/null
tar xzf openai-codex-0.171.0-linux-x64.tgz
mkdir home work
printf '[features]\nplugins = false\n' > home/config.toml
cat > ask.mjs <<'JS'
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
const cwd = `${process.cwd()}/work`;
const env = { ...process.env, CODEX_HOME: `${process.cwd()}/home` };
const server = spawn(process.argv[2], ['app-server'], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
const waiting = new Map();
createInterface({ input: server.stdout }).on('line', (line) => {
  const message = JSON.parse(line);
  waiting.get(message.id)?.(message);
});
let last = 0;
const call = (method, params) =>
  new Promise((resolve) => {
    waiting.set(++last, resolve);
    server.stdin.write(`${JSON.stringify({ id: last, method, params })}\n`);
  });
await call('initialize', { clientInfo: { name: 'caller', title: 'caller', version: '1.0.0' } });
server.stdin.write('{"method":"initialized"}\n');
const run = async (...command) => {
  const sandboxPolicy = { type: 'workspaceWrite', writableRoots: [], networkAccess: false };
  const { result, error } = await call('command/exec', { command, cwd, sandboxPolicy });
  if (error !== undefined) throw new Error(error.message);
  return result;
};
const { stdout, exitCode } = await run('ls', '-A');
const names = stdout.split('\n').filter((name) => ['.agents', '.codex', '.git'].includes(name));
console.log(`seen inside: ${exitCode === 0 ? names.join(' ') : exitCode}`);
console.log(`git rev-parse: ${(await run('git', 'rev-parse', '--git-dir')).exitCode}`);
const init = await run('git', 'init');
console.error(init.stderr.trim());
console.log(`git init: ${init.exitCode === 0 ? 0 : 'failed'}`);
server.stdin.end();
JS
{
  node ask.mjs "$dir/package/vendor/x86_64-unknown-linux-musl/bin/codex"
  echo "outside: $(ls -A work)"
} | tee seen
diff seen - <<'SEEN'
seen inside: .agents .codex .git
git rev-parse: 128
git init: failed
outside: 
SEEN
