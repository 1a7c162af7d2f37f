import { ProtocolError } from '../errors.ts';

/**
 * The id of the thread or turn that an answer to `method` names.
 * @throws ProtocolError when it names none.
 */
export function parseAnswerId(method: string, member: 'thread' | 'turn', answer: unknown): string {
  const id = (answer as Record<string, { id?: unknown } | undefined> | null)?.[member]?.id;
  if (typeof id === 'string') return id;
  throw new ProtocolError(`Codex answered ${method} without the id of a ${member}.`, {
    fields: { method },
  });
}

/**
 * For {@link Connection.request}: an answer to `method` that has at least `lists`, which users walk.
 * @throws ProtocolError when it is not an object, or one of `lists` is not an array.
 */
export function parseAnswer<T>(
  method: string,
  ...lists: readonly string[]
): (answer: unknown) => T {
  return (answer) => {
    const fields = typeof answer === 'object' && answer !== null ? answer : undefined;
    const missing = lists.find(
      (list) => !Array.isArray((fields as Record<string, unknown>)?.[list]),
    );
    if (fields !== undefined && missing === undefined) return fields as T;
    throw new ProtocolError(`Codex answered ${method} without ${missing ?? 'a result'}.`, {
      fields: { method, answer },
    });
  };
}
