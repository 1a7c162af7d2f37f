import { CodexRuntimeError, type ErrorCode } from '../errors.ts';
import type { PlaceOptions, PrefixLayout } from '../place/index.ts';
import type { Settings } from '../request/index.ts';

/** One answer of the doctor. */
export interface Finding {
  /** What was looked at: `home`, `network.npm`, `path`, … */
  readonly id: string;
  /** `warn` is worth knowing and stops nothing. */
  readonly status: 'ok' | 'warn' | 'fail';
  /** What is the case, as one sentence. */
  readonly summary: string;
  /** What to do about it; null when there is nothing to do. */
  readonly advice: string | null;
  /** What the failure amounts to; null unless `fail`. Its exit status is the doctor's. */
  readonly code: ErrorCode | null;
  /** Facts for programs. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the checks look at. */
export interface Patient {
  readonly settings: Settings;
  readonly layout: PrefixLayout;
  /** The package's name. */
  readonly name: string;
  /** As the caller named the prefix or Python environment. */
  readonly place: PlaceOptions;
  /** A version that the caller asks about; undefined for the pin's. */
  readonly version: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A part of the examination: looks, and changes nothing. */
export type Check = (patient: Patient) => Promise<readonly Finding[]>;

type Fields = Readonly<Record<string, unknown>>;

export function ok(id: string, summary: string, fields: Fields = {}): Finding {
  return { id, status: 'ok', summary, advice: null, code: null, fields };
}

export interface Warning {
  readonly summary: string;
  readonly advice: string;
  readonly fields?: Fields;
}

export function warn(id: string, { summary, advice, fields = {} }: Warning): Finding {
  return { id, status: 'warn', summary, advice, code: null, fields };
}

export function fail(
  id: string,
  code: ErrorCode,
  what: { readonly summary: string; readonly advice: string; readonly fields?: Fields },
): Finding {
  const { summary, advice, fields = {} } = what;
  return { id, status: 'fail', summary, advice, code, fields };
}

/** A typed failure as a finding; anything else is not the patient's and is thrown. */
export function failFrom(id: string, error: unknown): Finding {
  if (!(error instanceof CodexRuntimeError)) throw error;
  return fail(id, error.code, {
    summary: error.message,
    advice: error.hint ?? 'Run the command that failed with --verbose.',
    fields: error.fields,
  });
}
