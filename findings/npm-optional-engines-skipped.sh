#!/usr/bin/env bash
# npm 11.19.1: `engines` of an optional dependency decides whether it is installed, engine-strict or not.
# For a plain dependency `engines` is advice: npm warns (EBADENGINE) and installs. For an optional one it is a condition
# like os and cpu: a package whose engines do not fit is left out, with status 0, no warning for it, and `npm ls`
# calls that "UNMET OPTIONAL DEPENDENCY", which it also says of every other platform's build.
# Launchers with a native build for each platform are made of just that. A build that copies its launcher's
# `engines: { node: … }` is left out on an older Node, where the launcher is installed and then finds no build. The
# native package needs no Node at all: it should have no `engines`. pnpm 12.21.0 does as npm; bun 1.4.5,
# yarn 4.18.1 and deno 2.9.6 installed it.
#
# Seen (Node 20.20.2):
#   plain: installed, warned
#   optional: left out, not warned
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix tool --silent --no-audit --no-fund --ignore-scripts npm@11.19.1
for name in plain optional; do
  mkdir -p "project/$name"
  printf '{"name":"%s","version":"1.0.0","engines":{"node":">=99"}}' "$name" > "project/$name/package.json"
done
cd project
cat > package.json <<'JSON'
{
  "name": "project",
  "version": "1.0.0",
  "dependencies": { "plain": "file:./plain" },
  "optionalDependencies": { "optional": "file:./optional" }
}
JSON
node ../tool/node_modules/npm/bin/npm-cli.js install --install-links --engine-strict=false --no-audit --no-fund > ../told 2>&1
for name in plain optional; do
  [ -e "node_modules/$name" ] && found=installed || found='left out'
  grep -q "package: '$name@1.0.0'" ../told && warned=warned || warned='not warned'
  echo "$name: $found, $warned"
done | tee ../seen
diff ../seen - <<'SEEN'
plain: installed, warned
optional: left out, not warned
SEEN
