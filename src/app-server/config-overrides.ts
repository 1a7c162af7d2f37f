import { CodexRuntimeError } from '../errors.ts';

/** A value of Codex's configuration. */
export type ConfigValue = string | number | boolean | readonly ConfigValue[] | ConfigTable;
export interface ConfigTable {
  readonly [key: string]: ConfigValue | undefined;
}

const BARE_KEY = /^[\w-]+$/;

/**
 * `--config key=value` arguments for `config`: tables become dotted keys, values TOML literals, as
 * `codex --help` describes them. A table with a key that cannot be dotted is written inline.
 * @throws CodexRuntimeError `USAGE` for a value that TOML does not have.
 */
export function configArguments(config: ConfigTable): string[] {
  return assignments('', config).flatMap((assignment) => ['--config', assignment]);
}

function assignments(prefix: string, table: ConfigTable): string[] {
  return entriesOf(table).flatMap(([key, value]) => {
    const path = `${prefix}${key}`;
    if (!BARE_KEY.test(key)) throw unsupported(path, 'this key');
    return isTable(value) && isDottable(value)
      ? assignments(`${path}.`, value)
      : [`${path}=${literal(path, value)}`];
  });
}

function literal(path: string, value: ConfigValue): string {
  if (typeof value === 'string') return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw unsupported(path, 'a number that is not finite');
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => literal(path, item)).join(', ')}]`;
  if (!isTable(value)) throw unsupported(path, `a ${typeof value}`);
  const members = entriesOf(value).map(
    ([key, member]) => `${JSON.stringify(key)} = ${literal(`${path}.${key}`, member)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function isTable(value: ConfigValue): value is ConfigTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDottable(table: ConfigTable): boolean {
  const keys = Object.keys(table);
  return keys.length > 0 && keys.every((key) => BARE_KEY.test(key));
}

function entriesOf(table: ConfigTable): [string, ConfigValue][] {
  return Object.entries(table).filter((entry): entry is [string, ConfigValue] => {
    return entry[1] !== undefined;
  });
}

function unsupported(path: string, what: string): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', `Codex's configuration cannot hold ${what} (${path}).`, {
    fields: { key: path },
  });
}
