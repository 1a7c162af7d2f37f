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
