import {
  checkValue,
  describeIssues,
  type Schema,
  type SchemaIssue,
  type ValueOf,
} from '../../schema.ts';
import { AppServerError } from '../errors.ts';
import type { TurnResult } from '../turns/turn-result.ts';

/** The result of a turn whose answer was to follow a schema. */
export interface TypedTurnResult<Value> extends TurnResult {
  /** The final response as the schema has it. */
  readonly parsed: Value;
}

/** The final response of a turn is missing, is not JSON, or is not what its schema describes. */
export class OutputInvalidError extends AppServerError {
  override readonly name: string = 'OutputInvalidError';
  /** The final response; null when there was none. */
  readonly text: string | null;
  /** What the schema said; empty when it was not asked. */
  readonly issues: readonly SchemaIssue[];
  readonly result: TurnResult;

  constructor(
    why: string,
    result: TurnResult,
    details: { cause?: unknown; issues?: readonly SchemaIssue[] } = {},
  ) {
    const { threadId, turnId, finalResponse, status } = result;
    super(`The turn's answer ${why}.`, {
      ...('cause' in details && { cause: details.cause }),
      fields: { threadId, turnId, status, text: finalResponse },
    });
    this.text = finalResponse;
    this.issues = details.issues ?? [];
    this.result = result;
  }
}

/**
 * `result` with its final response parsed, for turns that were given `outputSchema`.
 * @throws OutputInvalidError
 */
export async function parseOutput<S extends Schema>(
  schema: S,
  result: TurnResult,
): Promise<TypedTurnResult<ValueOf<S>>> {
  const { finalResponse: text, status } = result;
  if (text === null) throw new OutputInvalidError(`is missing: it was ${status}`, result);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OutputInvalidError('is not JSON', result, { cause });
  }
  const checked = await checkValue(schema, value);
  if (checked.issues === undefined) return { ...result, parsed: checked.value as ValueOf<S> };
  const why = `does not follow its schema: ${describeIssues(checked.issues)}`;
  throw new OutputInvalidError(why, result, { issues: checked.issues });
}
