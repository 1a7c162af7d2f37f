import type { Caller } from './cell.ts';
import type { CellResult } from './cell-result.ts';
import type { CodeMode } from './code-mode.ts';
import { describeExec, describeWait } from './description.ts';
import { CodeModeError } from './errors.ts';
import { DEFAULT_MAX_OUTPUT_TOKENS, type OutputItem, renderResult } from './output.ts';
import type { GuestTool } from './protocol.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
  /** For the tools of a script that this call begins. */
  readonly caller?: Caller;
}

/** What a model is offered: two tools with JSON arguments, whatever carries them. */
export interface ModelTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema. */
  readonly inputSchema: object;
  /** Answers a call of the model. Never throws: what goes wrong is a text with `success: false`. */
  call(input: unknown, options?: CallOptions): Promise<ModelToolAnswer>;
}

export interface ModelToolAnswer {
  readonly items: readonly OutputItem[];
  readonly success: boolean;
}

/** Names that Codex's own code mode (`exec`, `wait`) does not take for itself. */
export const MODEL_TOOL_NAMES = { exec: 'exec_script', wait: 'wait_script' } as const;

export function modelTools(codeMode: CodeMode, tools: readonly GuestTool[]): ModelTool[] {
  const { exec, wait } = MODEL_TOOL_NAMES;
  return [
    {
      name: exec,
      description: describeExec(tools, { wait }),
      inputSchema: object(
        {
          source: string('The script: JavaScript, not in quotes and not in a code fence.'),
          ...TIMES,
        },
        ['source'],
      ),
      call: (input, { signal, caller } = {}) =>
        answered(async () => {
          const { source, ...asked } = parseExec(input);
          const { yieldMs, maxTokens } = asked;
          const result = await codeMode.exec(source, given({ yieldMs, signal, caller }));
          return { result, maxTokens };
        }),
    },
    {
      name: wait,
      description: describeWait({ exec }),
      inputSchema: object(
        {
          cell_id: string('The cell ID of the running script.'),
          terminate: { type: 'boolean', description: 'True ends the script. Default false.' },
          ...TIMES,
        },
        ['cell_id'],
      ),
      call: (input, { signal } = {}) =>
        answered(async () => {
          const { cellId, terminate, yieldMs, maxTokens } = parseWait(input);
          const result = await codeMode.wait(cellId, given({ terminate, yieldMs, signal }));
          return { result, maxTokens };
        }),
    },
  ];
}

const string = (description: string) => ({ type: 'string', description });
const number = (description: string) => ({ type: 'number', description });
const TIMES = {
  yield_time_ms: number('Milliseconds to wait before the script goes on by itself. Default 10000.'),
  max_output_tokens: number(`Tokens of output to give back. Default ${DEFAULT_MAX_OUTPUT_TOKENS}.`),
};

function object(properties: object, required: readonly string[]): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

async function answered(
  run: () => Promise<{ result: CellResult; maxTokens: number }>,
): Promise<ModelToolAnswer> {
  try {
    const { result, maxTokens } = await run();
    return { items: renderResult(result, maxTokens), success: result.status !== 'failed' };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { items: [{ type: 'text', text }], success: false };
  }
}

interface Asked {
  readonly yieldMs: number | undefined;
  readonly maxTokens: number;
}

/** The first line of a script may say more: `// @exec: {"yield_time_ms": …, "max_output_tokens": …}`. */
const PRAGMA = /^[ \t]*\/\/ @exec:([^\r\n]*)/;

function parseExec(input: unknown): Asked & { readonly source: string } {
  const { source, ...asked } = record(input);
  if (typeof source !== 'string') throw new CodeModeError('USAGE', 'source takes a string.');
  const pragma = PRAGMA.exec(source)?.[1];
  return {
    source,
    ...parseTimes({ ...(pragma === undefined ? {} : parsePragma(pragma)), ...asked }),
  };
}

function parsePragma(text: string): Record<string, unknown> {
  try {
    return record(JSON.parse(text));
  } catch (cause) {
    const message =
      'The line "// @exec:" takes a JSON object with yield_time_ms and max_output_tokens.';
    throw new CodeModeError('USAGE', message, { cause });
  }
}

function parseWait(
  input: unknown,
): Asked & { readonly cellId: string; readonly terminate: boolean } {
  const { cell_id: cellId, terminate = false, ...asked } = record(input);
  if (typeof cellId !== 'string' && typeof cellId !== 'number') {
    throw new CodeModeError('USAGE', 'cell_id takes a string.');
  }
  if (typeof terminate !== 'boolean')
    throw new CodeModeError('USAGE', 'terminate takes true or false.');
  return { cellId: String(cellId), terminate, ...parseTimes(asked) };
}

function parseTimes(asked: Record<string, unknown>): Asked {
  return {
    yieldMs: natural('yield_time_ms', asked.yield_time_ms),
    maxTokens: natural('max_output_tokens', asked.max_output_tokens) ?? DEFAULT_MAX_OUTPUT_TOKENS,
  };
}

function natural(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) {
    return Math.min(Math.floor(value), 2 ** 31 - 1);
  }
  throw new CodeModeError('USAGE', `${name} takes a number that is not negative.`);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new CodeModeError('USAGE', 'The arguments are not an object.');
}

/** Without what is undefined: an option that is given has a value. */
function given<T extends object>(options: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: NonNullable<T[Key]>;
  };
}
