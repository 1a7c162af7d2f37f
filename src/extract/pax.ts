import { decodeUtf8 } from './byte-checks.ts';
import type { Refuse } from './refusal.ts';

/** What an extended header changes about the next member. */
export interface PaxOverrides {
  readonly path?: string;
  readonly size?: number;
}

/** How star and Solaris mark a file whose body leaves out its holes. */
const SPARSE: ReadonlySet<string> = new Set(['SCHILY.realsize', 'SUN.holesdata']);

/**
 * Reads the records of a pax extended header (`<length> <key>=<value>\n`, POSIX.1-2001). Only
 * `path` and `size` change where bytes go; times, owners and attributes are not ours to restore.
 */
export function parsePax(body: Buffer, refuse: Refuse): PaxOverrides {
  const overrides: { path?: string; size?: number } = {};
  let rest = body;
  while (rest.length > 0) {
    const record = nextRecord(rest, refuse);
    rest = rest.subarray(record.length);
    apply(record, overrides, refuse);
  }
  return overrides;
}

interface PaxRecord {
  /** Bytes of the whole record. */
  readonly length: number;
  readonly key: string;
  readonly value: string;
}

function nextRecord(bytes: Buffer, refuse: Refuse): PaxRecord {
  const space = bytes.subarray(0, 12).indexOf(0x20);
  const digits = bytes.toString('latin1', 0, Math.max(space, 0));
  const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
  // A length that is missing, or past the end, cannot have a newline as its last byte.
  if (bytes[length - 1] !== 0x0a) throw refuse('corrupt', null);
  const record = bytes.subarray(space + 1, length - 1);
  const equals = record.indexOf(0x3d);
  if (equals < 1) throw refuse('corrupt', null);
  const key = record.toString('latin1', 0, equals);
  return { length, key, value: decodeUtf8(record.subarray(equals + 1)) ?? '\ufffd' };
}

function apply(
  { key, value }: PaxRecord,
  overrides: { path?: string; size?: number },
  refuse: Refuse,
): void {
  if (key === 'path') {
    if (overrides.path !== undefined) throw refuse('ambiguous', value);
    overrides.path = value;
  } else if (key === 'size') {
    if (overrides.size !== undefined) throw refuse('ambiguous', null);
    if (!/^\d{1,15}$/.test(value)) throw refuse('corrupt', null);
    overrides.size = Number(value);
  } else if (key === 'linkpath') {
    throw refuse('hard-or-symbolic-link', null);
  } else if (key.startsWith('GNU.sparse.') || SPARSE.has(key)) {
    throw refuse('sparse-file', null);
  } else if (key === 'hdrcharset' && value !== 'ISO-IR 10646 2000 UTF-8') {
    throw refuse('unsupported-feature', null);
  }
}
