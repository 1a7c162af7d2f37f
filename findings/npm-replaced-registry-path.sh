#!/usr/bin/env bash
# npm 11.6.2, replace-registry-host with a registry below a path (as Artifactory, Nexus and GitLab have it).
# A registry that passes documents through unchanged leaves another host in dist.tarball, and npm then
# replaces that host by the configured registry. Which path it asks for depends on the command:
# `npm install` (arborist) puts the registry's path in front, `npm pack` (pacote) drops it.
# Seen with registry=http://127.0.0.1:PORT/api/npm/all/ and dist.tarball=http://tarballs.example/tiny/-/tiny-1.0.0.tgz:
#   install: /api/npm/all/tiny/-/tiny-1.0.0.tgz
#   pack:    /tiny/-/tiny-1.0.0.tgz
# So one configuration can install a package and cannot pack or cache it.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

mkdir tool tiny project
npm install --prefix tool --no-audit --no-fund --ignore-scripts npm@11.6.2 >/dev/null 2>&1
npm_cli="$dir/tool/node_modules/npm/bin/npm-cli.js"
echo '{"name":"tiny","version":"1.0.0"}' >tiny/package.json
(cd tiny && node "$npm_cli" pack --silent --pack-destination "$dir" >/dev/null)

cat >server.mjs <<'JS'
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
const tarball = readFileSync('tiny-1.0.0.tgz');
const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
const version = {
  name: 'tiny',
  version: '1.0.0',
  dist: { tarball: 'http://tarballs.example/tiny/-/tiny-1.0.0.tgz', integrity },
};
const server = createServer((request, response) => {
  if (request.url.endsWith('.tgz')) {
    appendFileSync('asked', `${request.url}\n`);
    return response.end(tarball);
  }
  if (!request.url.startsWith('/api/npm/all/tiny')) return response.writeHead(404).end('{}');
  const list = { name: 'tiny', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } };
  return response.setHeader('content-type', 'application/json').end(JSON.stringify(list));
});
server.listen(0, '127.0.0.1', () => writeFileSync('port', String(server.address().port)));
setTimeout(() => process.exit(), 60_000);
JS
node server.mjs &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

run() {
  : >asked
  (cd project && HOME="$dir" node "$npm_cli" "$@" --userconfig="$dir/none" --cache="$dir/cache-$1" \
    --registry="http://127.0.0.1:$(cat "$dir/port")/api/npm/all/" --replace-registry-host=always \
    --no-audit --no-fund --silent >/dev/null)
  cat asked
}
echo '{}' >project/package.json
installed=$(run install tiny@1.0.0)
packed=$(run pack tiny@1.0.0)
echo "install: $installed"
echo "pack:    $packed"
[ "$installed" = /api/npm/all/tiny/-/tiny-1.0.0.tgz ] && [ "$packed" = /tiny/-/tiny-1.0.0.tgz ]
