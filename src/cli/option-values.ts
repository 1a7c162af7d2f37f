/**
 * A value that an option does not take. commander knows it by its code; its own class would bring all
 * of commander along.
 */
class InvalidValue extends Error {
  readonly code = 'commander.invalidArgument';
  readonly exitCode = 1;
}

const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/**
 * Reads `90s`, `12h`, `30d`, `1h30m` or a bare number of seconds, as an option of the command line.
 * @returns milliseconds
 */
export function parseDuration(text: string): number {
  const spelled = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(spelled)) return Number(spelled) * 1000;
  const parts = [...spelled.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== spelled) {
    throw new InvalidValue('Write it like 90s, 30m, 12h or 30d.');
  }
  return parts.reduce((sum, [, n, unit]) => sum + Number(n) * (SECONDS[unit ?? ''] ?? 0), 0) * 1000;
}

/** Reads a whole number of at least 0, as an option of the command line. */
export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text.trim())) throw new InvalidValue('Write a whole number.');
  return Number(text);
}

/** `--prefix ""` is a variable that was not set in somebody's script. */
export function nonEmpty(value: string): string {
  if (value.trim() === '') throw new InvalidValue('It is empty.');
  return value;
}

/** Reads `linux-x64,darwin-arm64`. */
export function parseList(value: string): readonly string[] {
  const items = value.split(',').map((item) => item.trim());
  if (items.includes('')) throw new InvalidValue('An item of the list is empty.');
  return items;
}
