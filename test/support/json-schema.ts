type Schema = Readonly<Record<string, unknown>>;

/**
 * What `value` breaks of `schema`, as paths: for the keywords that our schema uses, and an error
 * for any other keyword, so that a rule cannot be passed over.
 */
export function schemaViolations(
  value: unknown,
  schema: Schema,
  root = schema,
  at = '$',
): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]): string[] => {
    switch (keyword) {
      case '$schema':
      case '$defs':
      case 'title':
      case 'description':
        return [];
      case '$ref': {
        const name = String(rule).replace('#/$defs/', '');
        return schemaViolations(
          value,
          (root['$defs'] as Record<string, Schema>)[name] ?? {},
          root,
          at,
        );
      }
      case 'const':
        return value === rule ? [] : [at];
      case 'enum':
        return (rule as unknown[]).includes(value) ? [] : [at];
      case 'type':
        return typeOf(value) === rule ? [] : [at];
      case 'pattern':
        return new RegExp(String(rule), 'u').test(String(value)) ? [] : [at];
      case 'minimum':
        return Number(value) >= Number(rule) ? [] : [at];
      case 'required':
        return (rule as string[])
          .filter((key) => !(key in Object(value)))
          .map((key) => `${at}.${key}`);
      case 'anyOf':
        return (rule as Schema[]).some((s) => schemaViolations(value, s, root, at).length === 0)
          ? []
          : [at];
      case 'items':
        return (value as unknown[]).flatMap((item, index) =>
          schemaViolations(item, rule as Schema, root, `${at}[${index}]`),
        );
      case 'properties':
        return Object.entries(rule as Record<string, Schema>).flatMap(([key, inner]) =>
          key in Object(value)
            ? schemaViolations((value as Record<string, unknown>)[key], inner, root, `${at}.${key}`)
            : [],
        );
      case 'additionalProperties': {
        const known = Object.keys(schema['properties'] as object);
        return Object.keys(Object(value))
          .filter((key) => !known.includes(key))
          .map((key) => `${at}.${key}`);
      }
      default:
        throw new Error(`The schema uses "${keyword}", which this check does not know.`);
    }
  });
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (Number.isInteger(value)) return 'integer';
  return value === null ? 'null' : typeof value;
}
