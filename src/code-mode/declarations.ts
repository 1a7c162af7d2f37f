/** Types nested deeper than this are told as `unknown`: nobody reads them. */
const MAX_DEPTH = 8;

/** A tool as a script calls it. */
export interface DeclaredTool {
  /** Where it is below `tools`. */
  readonly path: readonly string[];
  readonly description: string;
  /** JSON Schemas. */
  readonly input: unknown;
  readonly output: unknown;
}

/** What a model reads about one tool: its description, and how to call it as TypeScript. */
export function declareTool({ path, description, input, output }: DeclaredTool): string {
  const call = `tools.${path.join('.')}(input: ${typeOf(input, input)}): Promise<${typeOf(output, output)}>`;
  const declaration = `\`\`\`ts\n${call};\n\`\`\``;
  return description === '' ? declaration : `${description}\n\n${declaration}`;
}

/**
 * A JSON Schema as a TypeScript type. Knows what schemas of tools use: types, properties, arrays,
 * tuples, enumerations, constants, unions, intersections and `#/…` references; anything else is
 * `unknown`, which is always true.
 */
export function typeOf(schema: unknown, root: unknown, depth = 0): string {
  if (schema === true) return 'unknown';
  if (schema === false) return 'never';
  if (!isRecord(schema) || depth > MAX_DEPTH) return 'unknown';
  const inner = (part: unknown) => typeOf(part, root, depth + 1);
  if (typeof schema.$ref === 'string') return inner(lookUp(root, schema.$ref));
  if ('const' in schema) return literal(schema.const);
  if (Array.isArray(schema.enum)) return union(schema.enum.map(literal));
  for (const key of ['anyOf', 'oneOf'] as const) {
    const parts = schema[key];
    if (Array.isArray(parts)) return union(parts.map(inner));
  }
  if (Array.isArray(schema.allOf)) {
    return schema.allOf.map((part) => grouped(inner(part))).join(' & ');
  }
  if (Array.isArray(schema.type)) {
    return union(schema.type.map((type) => inner({ ...schema, type })));
  }
  return ofType(schema, inner);
}

function ofType(schema: Record<string, unknown>, inner: (part: unknown) => string): string {
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      if (Array.isArray(schema.prefixItems)) return `[${schema.prefixItems.map(inner).join(', ')}]`;
      return schema.items === undefined ? 'unknown[]' : `${grouped(inner(schema.items))}[]`;
    default:
      if (schema.type === 'object' || isRecord(schema.properties)) return objectType(schema, inner);
      return 'unknown';
  }
}

function objectType(schema: Record<string, unknown>, inner: (part: unknown) => string): string {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const properties = isRecord(schema.properties) ? Object.entries(schema.properties) : [];
  const fields = properties.map(([name, part]) => {
    const note =
      isRecord(part) && typeof part.description === 'string' ? comment(part.description) : '';
    const key = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name);
    return `${note}${key}${required.has(name) ? '' : '?'}: ${inner(part)}`;
  });
  const more = schema.additionalProperties;
  if (isRecord(more)) fields.push(`[key: string]: ${inner(more)}`);
  if (fields.length === 0) return more === false ? '{}' : 'Record<string, unknown>';
  return `{ ${fields.join('; ')} }`;
}

/** A description must not end the comment that it stands in. */
function comment(text: string): string {
  return `/** ${text.replace(/\s+/g, ' ').replaceAll('*/', '* /').trim()} */ `;
}

function literal(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? 'unknown'
    : (JSON.stringify(value) ?? 'unknown');
}

function union(parts: readonly string[]): string {
  return parts.length === 0 ? 'never' : [...new Set(parts)].join(' | ');
}

function grouped(type: string): string {
  return type.includes(' | ') && !type.startsWith('{') ? `(${type})` : type;
}

function lookUp(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  let place = root;
  for (const step of reference.slice(2).split('/')) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (!isRecord(place) || !Object.hasOwn(place, key)) return undefined;
    place = place[key];
  }
  return place;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
