#!/usr/bin/env bash
# Node 24.21.0, node:zlib: createZstdCompress with ZSTD_c_nbWorkers, which zlib.constants offers.
# With workers zstd takes input and gives its output later. The one-shot function waits for that, and its
# result is whole; the stream does not always: with one worker and 24 MB it ends with an error, with two
# workers and the same input it passes. So a program that sets the number of workers by the number of cores
# works on one machine and fails on another.
# Seen:
#   stream, 0 workers: whole
#   stream, 1 worker:  ERR_STREAM_PUSH_AFTER_EOF
#   one-shot, 1 worker: whole
# The same on 22.23.3 and 26.10.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix tool --no-audit --no-fund node@24.21.0 >/dev/null 2>&1

cat >run.mjs <<'JS'
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
const { ZSTD_c_nbWorkers } = zlib.constants;
const input = Buffer.alloc(24 * 2 ** 20);
for (let at = 0, seed = 1; at < input.length; at += 4) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  input.writeUInt32LE(at % 64 < 32 ? seed : 7, at);
}
const options = (workers) => ({ params: { [ZSTD_c_nbWorkers]: workers } });
function* parts() {
  for (let at = 0; at < input.length; at += 65536) yield input.subarray(at, at + 65536);
}
async function stream(workers) {
  const made = [];
  const end = new Writable({ write: (chunk, _, done) => done(void made.push(chunk)) });
  await pipeline(Readable.from(parts()), zlib.createZstdCompress(options(workers)), end);
  return Buffer.concat(made);
}
const tell = async (name, make) => {
  const said = await make().then(
    (made) => (zlib.zstdDecompressSync(made).equals(input) ? 'whole' : 'other bytes'),
    (error) => error.code,
  );
  console.log(`${name}: ${said}`);
};
await tell('stream, 0', () => stream(0));
await tell('stream, 1', () => stream(1));
await tell('one-shot, 1', async () => zlib.zstdCompressSync(input, options(1)));
JS
tool/node_modules/.bin/node run.mjs | tee said
diff said - <<'END'
stream, 0: whole
stream, 1: ERR_STREAM_PUSH_AFTER_EOF
one-shot, 1: whole
END
