import { CodexRuntimeError } from './errors.ts';
import type { JsonValue } from './json.ts';

/** A JSON Schema as it is written down. What it describes is not checked here. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What a library's schema has when it follows Standard Schema (zod, ArkType, Valibot, …). */
export interface StandardSchema<Value = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Value> | Promise<SchemaResult<Value>>;
    readonly types?: { readonly input: unknown; readonly output: Value } | undefined;
    /** Standard JSON Schema: the schema as JSON Schema. */
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: 'draft-2020-12' }) => JsonSchema;
    };
  };
}

export type SchemaResult<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A schema of either kind. */
export type Schema = StandardSchema | JsonSchema;

/** What a value is known to be after a schema has accepted it. */
export type ValueOf<S> = S extends {
  readonly '~standard': { readonly types?: { readonly output: infer Value } | undefined };
}
  ? Value
  : unknown;

/**
 * The JSON Schema that goes to the model.
 * @throws CodexRuntimeError `USAGE` for a schema that does not tell one
 */
export function toJsonSchema(schema: Schema): JsonValue {
  const standard = standardOf(schema);
  if (standard === undefined) return schema as JsonValue;
  if (standard.jsonSchema === undefined) {
    throw new CodexRuntimeError('USAGE', `A schema of ${standard.vendor} has no JSON Schema.`, {
      hint: 'Wrap it as its library documents for "Standard JSON Schema", or give a JSON Schema.',
      fields: { vendor: standard.vendor },
    });
  }
  const { $schema: _, ...told } = standard.jsonSchema.input({ target: 'draft-2020-12' });
  return closed(told) as JsonValue;
}

/** `value` as the schema gives it back, or what is wrong with it. JSON Schema accepts anything. */
export async function checkValue(schema: Schema, value: unknown): Promise<SchemaResult<unknown>> {
  const standard = standardOf(schema);
  return standard === undefined ? { value } : standard.validate(value);
}

/** One line an issue: `address.city: Expected a string`. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  return issues
    .map(({ path = [], message }) => {
      const keys = path.map((step) => String(typeof step === 'object' ? step.key : step));
      return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
    })
    .join('\n');
}

/** ArkType's schemas are functions. */
export function isStandardSchema(schema: Schema): schema is StandardSchema {
  return standardOf(schema) !== undefined;
}

function standardOf(schema: Schema): StandardSchema['~standard'] | undefined {
  return (schema as Partial<StandardSchema>)['~standard'];
}

/** Models are asked for exactly what is described: strict output refuses objects that are open. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  const open = copy['type'] === 'object' && copy['properties'] !== undefined;
  return open ? { additionalProperties: false, ...copy } : copy;
}
