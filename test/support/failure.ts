import { type CodexRuntimeError, isCodexRuntimeError } from '../../src/errors.ts';

/** The typed failure that `work` ends with; anything else fails the test. */
export async function failure(work: Promise<unknown>): Promise<CodexRuntimeError> {
  const error = await work.then(
    () => 'no failure',
    (thrown: unknown) => thrown,
  );
  if (isCodexRuntimeError(error)) return error;
  throw new Error('expected a typed failure', { cause: error });
}
