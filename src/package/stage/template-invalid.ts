import { CodexRuntimeError } from '../../errors.ts';

/** A `TEMPLATE_INVALID`, with the advice that fits all of them. */
export function templateInvalid(
  message: string,
  fields: Readonly<Record<string, unknown>>,
  cause?: unknown,
): CodexRuntimeError {
  return new CodexRuntimeError('TEMPLATE_INVALID', message, {
    hint: 'Compare it with the templates that come with codex-runtime, or leave out --templates.',
    fields,
    cause,
  });
}
