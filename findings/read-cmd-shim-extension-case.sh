#!/usr/bin/env bash
# read-cmd-shim 6.0.0 chooses how to read a shim by the end of its path, and compares letter case:
# what cmd-shim 8.0.0 wrote as codex.cmd is no shim any more when it is named codex.CMD, although
# both names open the same file on Windows, where PATHEXT lists .CMD. A caller that gets the path
# from a search of PATH must put the extension into lower case first.
#
# Seen (Node 20.20.2): codex.cmd -> program.js
#                      codex.CMD -> ENOTASHIM
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
printf '{"private":true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts cmd-shim@8.0.0 read-cmd-shim@6.0.0

cat > try.cjs <<'JS'
const { copyFileSync, writeFileSync } = require('node:fs');
const cmdShim = require('cmd-shim');
const readCmdShim = require('read-cmd-shim');

const read = (path) => readCmdShim(path).catch((error) => error.code);
(async () => {
  writeFileSync('program.js', '#!/usr/bin/env node\n');
  await cmdShim('program.js', 'codex');
  copyFileSync('codex.cmd', 'codex.CMD');
  console.log(`codex.cmd -> ${await read('codex.cmd')}`);
  console.log(`codex.CMD -> ${await read('codex.CMD')}`);
})();
JS
node try.cjs | tee seen
diff seen - <<'SEEN'
codex.cmd -> program.js
codex.CMD -> ENOTASHIM
SEEN
