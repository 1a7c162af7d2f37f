#!/usr/bin/env bash
# quickjs-wasi 3.7.0: Math.random goes on from the snapshot.
# Two engines made anew differ in their first random number. Two engines restored from one snapshot do not:
# the generator's state lies in the WebAssembly memory that was copied, nothing seeds it again, and the engine that
# was copied goes on with the same numbers too. Its host functions and its clock, on the other hand, are the host's.
# A script that makes ids or file names by Math.random after it was parked and restored twice makes them twice.
#
# Seen (Node 20.20.2):
#   two new engines agree: false
#   two restored ones agree: true
#   the restored and the original one agree: true
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts quickjs-wasi@3.7.0
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { QuickJS } from 'quickjs-wasi';

const options = { wasm: await WebAssembly.compile(readFileSync('node_modules/quickjs-wasi/quickjs.wasm')) };
const next = (vm) => {
  const value = vm.evalCode('[Math.random(), Math.random(), Math.random()].join()');
  return vm.dump(value);
};
const original = await QuickJS.create(options);
console.log(`two new engines agree: ${next(original) === next(await QuickJS.create(options))}`);
const snapshot = original.snapshot();
const [first, second] = await Promise.all([1, 2].map(() => QuickJS.restore(snapshot, options)));
const numbers = next(first);
console.log(`two restored ones agree: ${numbers === next(second)}`);
console.log(`the restored and the original one agree: ${numbers === next(original)}`);
JS
node try.mjs | tee seen
diff seen - <<'SEEN'
two new engines agree: false
two restored ones agree: true
the restored and the original one agree: true
SEEN
