#!/usr/bin/env bash
# octokit 5.0.5 (@octokit/request 10), getReleaseAsset with Accept: application/octet-stream.
# One expects bytes. What comes is decided by the Content-Type of the storage that the API redirects to, which for
# a release asset is what the uploader said:
#   application/octet-stream   an ArrayBuffer with the bytes
#   application/json           the parsed object: no digest of the file can be taken any more
#   text/…, charset=utf-8, or no Content-Type at all: a string, in which invalid UTF-8 is replaced
# A checksum file or a Sigstore bundle beside the archives is often uploaded as JSON or text. The types promise
# one kind for all, and the status is 200. `request: { parseSuccessResponseBody: false }` gives the plain stream.
#
# Seen (Node 20.20.2):
#   application/octet-stream: [object ArrayBuffer] 7b20fffe7d
#   application/json: [object Object]
#   none: [object String] 7b20efbfbdefbfbd7d
#   application/json, unparsed: 7b202261223a2031207d
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts octokit@5.0.5
cat > try.mjs <<'JS'
import { createServer } from 'node:http';
import { Octokit } from 'octokit';

const binary = Buffer.from('7b20fffe7d', 'hex');
const assets = [
  ['application/octet-stream', binary],
  ['application/json', Buffer.from('{ "a": 1 }')],
  [undefined, binary],
];
const server = createServer((request, response) => {
  const [, folder, id] = /\/(\w+)\/(\d)$/.exec(request.url);
  if (folder === 'assets') return response.writeHead(302, { location: `/storage/${id}` }).end();
  const [type, bytes] = assets[id];
  if (type !== undefined) response.setHeader('content-type', type);
  response.end(bytes);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const baseUrl = `http://127.0.0.1:${server.address().port}`;
const { repos } = new Octokit({ baseUrl }).rest;
const asset = (id, request = {}) =>
  repos.getReleaseAsset({
    owner: 'owner', repo: 'repo', asset_id: id, request, headers: { accept: 'application/octet-stream' },
  });
for (const [id, [type]] of assets.entries()) {
  const { data } = await asset(id);
  const kind = Object.prototype.toString.call(data);
  const hex = data.constructor === Object ? '' : ` ${Buffer.from(data).toString('hex')}`;
  console.log(`${type ?? 'none'}: ${kind}${hex}`);
}
const { data } = await asset(1, { parseSuccessResponseBody: false });
console.log(`application/json, unparsed: ${Buffer.from(await new Response(data).arrayBuffer()).toString('hex')}`);
server.close();
JS
node try.mjs | tee seen
diff seen - <<'SEEN'
application/octet-stream: [object ArrayBuffer] 7b20fffe7d
application/json: [object Object]
none: [object String] 7b20efbfbdefbfbd7d
application/json, unparsed: 7b202261223a2031207d
SEEN
