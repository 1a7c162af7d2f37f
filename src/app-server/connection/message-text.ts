import { CodexRuntimeError } from '../../errors.ts';
import { AppServerError } from '../errors.ts';

/** @throws CodexRuntimeError `USAGE` for parameters that JSON cannot hold */
export function toText(method: string, message: unknown): string {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw new CodexRuntimeError('USAGE', `The parameters of ${method} cannot be written as JSON.`, {
      cause,
      fields: { method },
    });
  }
}

/** @throws AppServerError for more bytes than the transport carries at once */
export function verifySize(what: string, text: string, maxSendBytes: number): void {
  // A character has at most three bytes in UTF-8: most messages need no counting.
  if (3 * text.length < maxSendBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes < maxSendBytes) return;
  throw new AppServerError(
    `${what} has ${bytes} bytes; a socket takes less than ${maxSendBytes}.`,
    {
      hint: 'Send less at once. A server that Codex.start starts has no such limit.',
      fields: { bytes, limit: maxSendBytes },
    },
  );
}
