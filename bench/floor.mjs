/**
 * The least that a Node program has to do for a runtime: fetch, inflate, write. It checks nothing,
 * keeps nothing for another attempt, and syncs nothing. `node floor.mjs URL FILE`
 */
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { get } from 'node:http';
import { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { writeAll } from './write-all.mjs';

const GATHER_BYTES = 2 ** 19;

/** Joins what a socket delivers, 64 KiB at most: each piece costs the engine a trip to a thread. */
class Gather extends Transform {
  parts = [];
  size = 0;

  constructor() {
    super({ highWaterMark: 2 ** 20 });
  }

  _transform(chunk, _, done) {
    this.parts.push(chunk);
    this.size += chunk.length;
    if (this.size >= GATHER_BYTES) this.hand();
    done();
  }

  _flush(done) {
    this.hand();
    done();
  }

  hand() {
    this.push(Buffer.concat(this.parts));
    this.parts = [];
    this.size = 0;
  }
}

const [, , url = '', path = ''] = process.argv;
const file = openSync(path, 'wx', 0o755);
const engine = zlib.createZstdDecompress({ chunkSize: 2 ** 21, writableHighWaterMark: 2 ** 20 });

let [response] = await once(get(url), 'response');
const { location } = response.headers;
if (location !== undefined) {
  response.destroy();
  [response] = await once(get(location), 'response');
}
response.pipe(new Gather()).pipe(engine);

await writeAll(engine, file);
