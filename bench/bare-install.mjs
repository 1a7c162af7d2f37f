/**
 * The least that a Node program has to do for a build from npm: fetch, hash, inflate, hash, write. It
 * holds nothing to a policy, keeps nothing for another attempt, and syncs nothing.
 * `node bare-install.mjs URL FILE`
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import zlib from 'node:zlib';
import { writeAll } from './write-all.mjs';

const GATHER_BYTES = 2 ** 18;

const [, , url = '', path = ''] = process.argv;
const { get } = await import(url.startsWith('https:') ? 'node:https' : 'node:http');
const [response] = await once(get(url), 'response');
if (response.statusCode !== 200) throw new Error(`${response.statusCode}`);
const file = openSync(path, 'wx', 0o755);
const engine = zlib.createGunzip({ chunkSize: 2 ** 19, writableHighWaterMark: 2 ** 20 });
const archive = createHash('sha512');
const files = createHash('sha256');

let parts = [];
let size = 0;
const hand = () => {
  if (!engine.write(Buffer.concat(parts))) response.pause();
  parts = [];
  size = 0;
};
engine.on('drain', () => response.resume());
response.on('data', (chunk) => {
  archive.update(chunk);
  parts.push(chunk);
  size += chunk.length;
  if (size >= GATHER_BYTES) hand();
});
response.on('end', () => {
  hand();
  engine.end();
});

await writeAll(engine, file, (chunk) => files.update(chunk));
archive.digest();
files.digest();
