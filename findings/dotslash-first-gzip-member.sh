#!/usr/bin/env bash
# DotSlash 0.5.8 (npm: fb-dotslash), artifacts of format tar.gz and tar.zst that were compressed in several pieces.
# A .gz file may be several gzip members one after the other, and a .zst several frames: that is what parallel and
# seekable compressors write, and gzip, zstd and tar read both as one stream. DotSlash does so for .zst. Of a .gz it
# reads the first member, ignores the rest and says nothing: size and digest fit, the artifact is laid in
# its cache with what the first member held. The next line is that the program "was not found", and every later
# start says the same from the cache. So a tar.gz for DotSlash must be one member.
#
# Seen (Linux x64), the same tar cut behind its first file:
#   tar -tzf: data/ data/readme program
#   one.tar.gz: hello
#   two.tar.gz: failed, laid down: readme
#   two.tar.zst: hello
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
mkdir -p tool served tree/data
npm install --prefix tool --silent --no-audit --no-fund --ignore-scripts fb-dotslash@0.5.8
echo text > tree/data/readme
printf '#!/bin/sh\necho hello\n' > tree/program
chmod 755 tree/program
tar --create --file whole.tar -C tree data program
pieces() { head -c 1536 whole.tar | "$@"; tail -c +1537 whole.tar | "$@"; }
gzip -c whole.tar > served/one.tar.gz
pieces gzip -c > served/two.tar.gz
pieces zstd -q -c > served/two.tar.zst

cat > serve.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
const server = createServer(({ url }, response) => response.end(readFileSync(`served${url}`)));
server.listen(0, '127.0.0.1', () => writeFileSync('port', String(server.address().port)));
setTimeout(() => process.exit(), 60_000);
JS
node serve.mjs &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

start() {
  cat > "$1.dotslash" <<JSON
#!/usr/bin/env dotslash
{
  "name": "$1",
  "platforms": {
    "linux-x86_64": {
      "size": $(stat -c %s "served/$1"),
      "hash": "sha256",
      "digest": "$(sha256sum "served/$1" | cut -d ' ' -f 1)",
      "format": "${1#*.}",
      "path": "program",
      "providers": [{ "url": "http://127.0.0.1:$(cat port)/$1" }]
    }
  }
}
JSON
  DOTSLASH_CACHE="$dir/cache-$1" tool/node_modules/.bin/dotslash "./$1.dotslash" 2> "$1.said" ||
    echo "failed, laid down: $(cd "cache-$1" && find . -type f -path './*/*/data/*' | xargs -n 1 basename | xargs)"
}
{
  echo "tar -tzf: $(tar -tzf served/two.tar.gz | xargs)"
  for name in one.tar.gz two.tar.gz two.tar.zst; do echo "$name: $(start "$name")"; done
} | tee seen
diff seen - <<'SEEN'
tar -tzf: data/ data/readme program
one.tar.gz: hello
two.tar.gz: failed, laid down: readme
two.tar.zst: hello
SEEN
grep -q 'was not found' two.tar.gz.said
