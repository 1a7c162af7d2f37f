#!/usr/bin/env bash
# Deno 2.9.6, `deno install` of an npm package with a build for each libc: both are fetched and laid down.
# The field `libc` (beside os and cpu) is how npm packages tell a glibc build from a musl build. npm (10, 11, 12),
# pnpm 12.21.0, yarn 4.18.1 and bun 1.4.5 take the one that fits. Deno honours os and cpu, does not look at libc,
# and leaves the field out of deno.lock, so that nothing can be decided from the lockfile later either.
# A launcher that tries its candidates in order may start the wrong build, and with builds of some 170 MB the
# download doubles. Static builds that serve both, without `libc`, avoid it.
#
# Seen (Linux x64 with glibc; the third build is for another system):
#   npm 11.19.1: tool-linux-x64-gnu
#   deno 2.9.6: tool-linux-x64-gnu tool-linux-x64-musl
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix npm --silent --no-audit --no-fund --ignore-scripts npm@11.19.1
npm install --prefix deno --silent --no-audit --no-fund deno@2.9.6
cat > registry.mjs <<'JS'
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const x64 = { os: ['linux'], cpu: ['x64'] };
const packages = {
  tool: {
    optionalDependencies: {
      'tool-linux-x64-gnu': '1.0.0', 'tool-linux-x64-musl': '1.0.0', 'tool-darwin-arm64': '1.0.0',
    },
  },
  'tool-linux-x64-gnu': { ...x64, libc: ['glibc'] },
  'tool-linux-x64-musl': { ...x64, libc: ['musl'] },
  'tool-darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
};
mkdirSync('package');
const tarballs = {};
for (const [name, rest] of Object.entries(packages)) {
  const manifest = { name, version: '1.0.0', ...rest };
  writeFileSync('package/package.json', JSON.stringify(manifest));
  execFileSync('tar', ['czf', `${name}.tgz`, 'package']);
  tarballs[name] = readFileSync(`${name}.tgz`);
}
const server = createServer((request, response) => {
  const name = request.url.slice(1).replace(/\.tgz$/, '');
  if (!(name in packages)) return response.writeHead(404).end('{}');
  if (request.url.endsWith('.tgz')) return response.end(tarballs[name]);
  const dist = {
    tarball: `http://${request.headers.host}/${name}.tgz`,
    integrity: `sha512-${createHash('sha512').update(tarballs[name]).digest('base64')}`,
    shasum: createHash('sha1').update(tarballs[name]).digest('hex'),
  };
  const version = { name, version: '1.0.0', ...packages[name], dist };
  const document = { name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
});
server.listen(0, '127.0.0.1', () => writeFileSync('port', String(server.address().port)));
setTimeout(() => process.exit(), 120_000);
JS
node registry.mjs &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
registry=http://127.0.0.1:$(cat port)/

for manager in npm deno; do
  mkdir "with-$manager"
  echo '{"name":"project","version":"1.0.0","dependencies":{"tool":"1.0.0"}}' > "with-$manager/package.json"
done
(cd with-npm && node ../npm/node_modules/npm/bin/npm-cli.js install --registry="$registry" --cache="$dir/cache" \
  --silent --no-audit --no-fund)
(cd with-deno && DENO_DIR="$dir/deno-cache" NPM_CONFIG_REGISTRY="$registry" DENO_NO_UPDATE_CHECK=1 \
  ../deno/node_modules/.bin/deno install --quiet)
{
  echo "npm 11.19.1: $(cd with-npm/node_modules && echo tool-*)"
  echo "deno 2.9.6: $(cd with-deno/node_modules/.deno && echo tool-*/node_modules/tool-* | xargs -n 1 basename | xargs)"
} | tee seen
diff seen - <<'SEEN'
npm 11.19.1: tool-linux-x64-gnu
deno 2.9.6: tool-linux-x64-gnu tool-linux-x64-musl
SEEN
if grep -q libc with-deno/deno.lock; then exit 1; fi
