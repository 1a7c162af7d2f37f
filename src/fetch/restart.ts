import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';

/**
 * What was read so far is void and the partial file is gone: the same download has to be opened
 * again and read from its first byte. A `TRUNCATED` with `fields.restart`; bytes that a consumer
 * has already taken cannot be taken back, so nothing is ever spliced instead.
 *
 * @param cause The verdict that stands when starting over does not help either.
 */
export function restart(asset: string, why: string, cause?: CodexRuntimeError): CodexRuntimeError {
  return new CodexRuntimeError('TRUNCATED', `${asset} has to be downloaded anew: ${why}.`, {
    hint: 'Run the command again.',
    fields: { asset, restart: true },
    cause,
  });
}

export function isRestart(error: unknown): error is CodexRuntimeError {
  return isCodexRuntimeError(error, 'TRUNCATED') && error.fields['restart'] === true;
}
