import { decodeUtf8, isZero } from './byte-checks.ts';
import type { Refuse } from './refusal.ts';

export const BLOCK = 512;

/** A header block of a tar archive, before extended headers have their say. */
export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  /** The type flag, as a character; `0` also for the old NUL. */
  readonly type: string;
}

/**
 * Decodes one header block. A field that is not exactly what POSIX ustar or GNU tar writes is
 * refused: where readers would differ there is no safe reading.
 */
export function decodeTarHeader(block: Buffer, refuse: Refuse): TarHeader {
  const name = text(block.subarray(0, 100), refuse);
  if (octal(block.subarray(148, 156)) !== checksum(block)) throw refuse('corrupt', null);
  const magic = block.toString('latin1', 257, 265);
  const posix = magic === 'ustar\u000000';
  if (!posix && magic !== 'ustar  \0' && magic !== '\0'.repeat(8)) throw refuse('corrupt', name);
  const mode = octal(block.subarray(100, 108));
  const size = number(block.subarray(124, 136));
  if (mode === undefined || size === undefined) throw refuse('corrupt', name);
  const type = block[156] === 0 ? '0' : block.toString('latin1', 156, 157);
  const linkName = text(block.subarray(157, 257), refuse);
  if (linkName !== '' && type !== '1' && type !== '2') throw refuse('ambiguous', name);
  // star and node-tar keep two times in the last bytes of the prefix, which is shorter then.
  const times = posix && /^\0[0-7\0 ]{24}$/.test(block.toString('latin1', 475, 500));
  const prefix = posix ? text(block.subarray(345, times ? 475 : 500), refuse) : '';
  return { name: prefix === '' ? name : `${prefix}/${name}`, mode, size, type };
}

/** Text up to the first NUL; what follows it must be NUL too, or a name would hide a second one. */
function text(field: Buffer, refuse: Refuse): string {
  const end = field.indexOf(0);
  const used = end === -1 ? field : field.subarray(0, end);
  const decoded = decodeUtf8(used);
  if (decoded === undefined) throw refuse('malformed-name', used.toString('latin1'));
  if (!isZero(field.subarray(used.length))) throw refuse('control-character', decoded);
  return decoded;
}

/** Octal, or GNU's base-256 for sizes over 8 GiB. */
function number(field: Buffer): number | undefined {
  if (((field[0] ?? 0) & 0x80) === 0) return octal(field);
  if (field[0] !== 0x80 || !isZero(field.subarray(1, 6))) return undefined;
  return field.readUIntBE(6, 6);
}

function octal(field: Buffer): number | undefined {
  const match = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1'));
  if (match === null) return undefined;
  return match[1] === '' ? 0 : Number.parseInt(match[1] ?? '', 8);
}

/** The sum of all bytes, with the checksum's own eight taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  return sum;
}
