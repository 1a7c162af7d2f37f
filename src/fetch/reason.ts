import type { Channel } from '../asset.ts';
import { CodexRuntimeError, type ErrorCode, joinHints } from '../errors.ts';

/** Why a channel, or one source of it, did not deliver: an entry of `fields.reasons`. */
export interface Reason {
  readonly channel: Channel;
  /** The single source; null where the channel as a whole is meant. */
  readonly source: 'api' | 'browser' | 'gh' | 'mirror' | 'npm' | 'oci' | 'file' | null;
  readonly code: ErrorCode;
  readonly message: string;
}

/** The reasons in an error: its own, where it sums up others, else the error itself. */
export function reasonsIn(
  error: CodexRuntimeError,
  channel: Channel,
  source: Reason['source'] = null,
): readonly Reason[] {
  const { code, message, fields } = error;
  if (code === 'SOURCES_EXHAUSTED') return fields['reasons'] as readonly Reason[];
  return [{ channel, source, code, message }];
}

export interface Exhaustion {
  readonly reasons: readonly Reason[];
  /** Each piece of advice is given once. */
  readonly hints: readonly (string | undefined)[];
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one way to a `SOURCES_EXHAUSTED`: nobody could deliver, and `fields.reasons` says why. */
export function sourcesExhausted(
  message: string,
  { reasons, hints, fields, cause }: Exhaustion,
): CodexRuntimeError {
  return new CodexRuntimeError('SOURCES_EXHAUSTED', message, {
    hint: joinHints(hints),
    fields: { ...fields, reasons },
    cause,
  });
}
