import { zip } from '../support/archives.ts';
import { grafted } from './graft-tar.ts';

const END = Buffer.from('PK\x05\x06', 'latin1');
const END_BYTES = 22;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

/**
 * Makes a foreign zip a part of a runtime tree, as graftTar does: each member keeps its headers,
 * extra fields, flags and data, and both of its names get a place below `codex-foreign/`. Undefined
 * where its directory or one of its local headers cannot be found.
 */
export function graftZip(foreign: Buffer): Buffer | undefined {
  const end = foreign.lastIndexOf(END);
  if (end === -1 || end + END_BYTES > foreign.length) return undefined;
  const own = zip([{ name: 'bin/codex', body: 'codex', mode: 0o100755 }]);
  const ownDirectory = own.readUInt32LE(own.length - END_BYTES + 16);
  const locals = [own.subarray(0, ownDirectory)];
  const centrals = [own.subarray(ownDirectory, -END_BYTES)];
  let offset = ownDirectory;
  let at = foreign.readUInt32LE(end + 16);
  for (let left = foreign.readUInt16LE(end + 10); left > 0; left--) {
    if (at + 46 > end || foreign.readUInt32LE(at) !== CENTRAL) return undefined;
    const nameEnd = at + 46 + foreign.readUInt16LE(at + 28);
    const next = nameEnd + foreign.readUInt16LE(at + 30) + foreign.readUInt16LE(at + 32);
    const local = graftLocal(foreign, {
      start: foreign.readUInt32LE(at + 42),
      bytes: foreign.readUInt32LE(at + 20),
    });
    if (local === undefined || next > foreign.length) return undefined;
    const name = graftedName(foreign.subarray(at + 46, nameEnd));
    const head = Buffer.from(foreign.subarray(at, at + 46));
    head.writeUInt16LE(name.length, 28);
    head.writeUInt32LE(offset, 42);
    centrals.push(Buffer.concat([head, name, foreign.subarray(nameEnd, next)]));
    locals.push(local);
    offset += local.length;
    at = next;
  }
  const central = Buffer.concat(centrals);
  const tail = Buffer.from(own.subarray(-END_BYTES));
  tail.writeUInt16LE(centrals.length, 8);
  tail.writeUInt16LE(centrals.length, 10);
  tail.writeUInt32LE(central.length, 12);
  tail.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, tail]);
}

function graftLocal(
  foreign: Buffer,
  data: { readonly start: number; readonly bytes: number },
): Buffer | undefined {
  const { start } = data;
  if (start + 30 > foreign.length || foreign.readUInt32LE(start) !== LOCAL) return undefined;
  const nameEnd = start + 30 + foreign.readUInt16LE(start + 26);
  const end = nameEnd + foreign.readUInt16LE(start + 28) + data.bytes;
  if (end > foreign.length) return undefined;
  const name = graftedName(foreign.subarray(start + 30, nameEnd));
  const head = Buffer.from(foreign.subarray(start, start + 30));
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, name, foreign.subarray(nameEnd, end)]);
}

function graftedName(name: Buffer): Buffer {
  return Buffer.from(grafted(name.toString('latin1')), 'latin1');
}
