import { paxRecord, tarEntry } from '../support/archives.ts';

const BLOCK = 512;
const NAME_BYTES = 100;
const PREFIX = { start: 345, bytes: 155 };

/**
 * Makes a foreign tar a part of a runtime tree: `bin/codex` goes in front, and every name that is
 * relative gets a place below `codex-foreign/`. All else stays as it is, so that what is wrong with
 * the archive itself meets the policy instead of its names. From the first damaged header on
 * nothing is changed.
 */
export function graftTar(foreign: Buffer): Buffer {
  const parts = [tarEntry({ name: 'bin/codex', body: 'codex', mode: 0o755 })];
  let at = 0;
  while (at + BLOCK <= foreign.length) {
    const header = foreign.subarray(at, at + BLOCK);
    const size = sizeOf(header);
    if (size === undefined) break;
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    const body = foreign.subarray(at + BLOCK, at + BLOCK + padded);
    const type = header.toString('latin1', 156, 157);
    if ('xL'.includes(type) && body.length < padded) break;
    if (type === 'x') parts.push(withBody(header, graftPax(body.toString('latin1', 0, size))));
    else if (type === 'L') parts.push(withBody(header, grafted(body.toString('latin1', 0, size))));
    else parts.push('gK'.includes(type) ? header : graftHeader(header), body);
    at += BLOCK + body.length;
  }
  return Buffer.concat([...parts, foreign.subarray(at)]);
}

/** Where a relative name goes; others keep theirs, to be refused for it. */
export function grafted(name: string): string {
  return /^([a-z]:|[/\\]|$)/i.test(name) ? name : `codex-foreign/${name.replace(/^\.(\/|$)/, '')}`;
}

/** A member's size where the header is in order. */
function sizeOf(header: Buffer): number | undefined {
  const stated = Number.parseInt(header.toString('latin1', 148, 156), 8);
  if (stated !== checksumOf(header)) return undefined;
  const size = /^ *([0-7]+)[ \0]*$/.exec(header.toString('latin1', 124, 136));
  return size === null ? undefined : Number.parseInt(size[1] ?? '', 8);
}

function checksumOf(header: Buffer): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0);
}

function graftHeader(header: Buffer): Buffer {
  const copy = Buffer.from(header);
  const hasPrefix = header.toString('latin1', 257, 263) === 'ustar\0' && header[PREFIX.start] !== 0;
  const field = hasPrefix ? PREFIX : { start: 0, bytes: NAME_BYTES };
  const name = copy.subarray(field.start, field.start + field.bytes);
  const text = grafted(name.toString('latin1').replace(/\0.*$/s, ''));
  if (text.length > field.bytes) return withLongName(copy, text);
  // What stands behind a NUL stays there: it may be what is wrong with this header.
  name.write(text.padEnd(name.indexOf(0), '\0'), 'latin1');
  return checked(copy);
}

function withLongName(header: Buffer, name: string): Buffer {
  return Buffer.concat([tarEntry({ name: 'long', type: 'L', body: latin1(`${name}\0`) }), header]);
}

function graftPax(records: string): Buffer {
  const path = /(^|\n)\d+ path=([^\n]*)\n/.exec(records);
  if (path === null) return latin1(records);
  const [whole, before = '', name = ''] = path;
  // A record counts bytes, and these strings hold one byte in each character.
  const record = paxRecord('path', Buffer.from(grafted(name), 'latin1').toString('utf8'));
  return Buffer.concat([
    latin1(records.slice(0, path.index) + before),
    Buffer.from(record),
    latin1(records.slice(path.index + whole.length)),
  ]);
}

function withBody(header: Buffer, content: Buffer | string): Buffer {
  const body = typeof content === 'string' ? latin1(content) : content;
  const copy = Buffer.from(header);
  copy.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  return Buffer.concat([
    checked(copy),
    body,
    Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK),
  ]);
}

function checked(header: Buffer): Buffer {
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
