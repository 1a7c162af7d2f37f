import { relative } from 'node:path';
import { escapeControls } from '../errors.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes in decimal units with three significant digits, as download tools print them: `118 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Seconds as `7 s`, `1 min 05 s` or `2 h 03 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/**
 * One document for stdout. JSON itself lets C1 controls, bidirectional overrides and orders to a CI
 * runner through; as escapes they mean the same to who parses it.
 */
export function formatJson(value: object): string {
  return `${escapeControls(JSON.stringify(value, null, 2))}\n`;
}

/** A path as a person reads it: from the working directory, where that is shorter. */
export function shownPath(path: string): string {
  const fromHere = relative('', path);
  return fromHere === '' || fromHere.length >= path.length ? path : fromHere;
}
