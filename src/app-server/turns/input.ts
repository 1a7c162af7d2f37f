import { CodexRuntimeError } from '../../errors.ts';
import type { UserInput } from '../generated/protocol.ts';

/** One part of what a user says. `local_image` is how `@openai/codex-sdk` spells `localImage`. */
export type InputItem =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly url: string }
  | { readonly type: 'localImage' | 'local_image'; readonly path: string }
  | { readonly type: 'skill'; readonly name: string; readonly path: string }
  | { readonly type: 'mention'; readonly name: string; readonly path: string };

/** A text, one part, or several in order. */
export type Input = string | InputItem | readonly InputItem[];

/** The members that each kind of part must have. */
const MEMBERS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['text', ['text']],
  ['image', ['url']],
  ['localImage', ['path']],
  ['skill', ['name', 'path']],
  ['mention', ['name', 'path']],
]);

/**
 * What goes over the wire for `input`. Members beyond the required ones are passed on: newer
 * runtimes know more of them (`detail` of an image).
 * @throws CodexRuntimeError `USAGE` for anything that is not an {@link Input}.
 */
export function toWireInput(input: Input): UserInput[] {
  if (typeof input === 'string') return [wireItem({ type: 'text', text: input }, 0)];
  const items: readonly unknown[] = Array.isArray(input) ? input : [input];
  return items.map(wireItem);
}

function wireItem(item: unknown, index: number): UserInput {
  if (typeof item !== 'object' || item === null) throw invalid(index, 'is not an object');
  const fields = item as Record<string, unknown>;
  const type = fields['type'] === 'local_image' ? 'localImage' : fields['type'];
  const members = MEMBERS.get(type);
  if (members === undefined) throw invalid(index, `has the unknown type ${JSON.stringify(type)}`);
  const missing = members.find((member) => typeof fields[member] !== 'string');
  if (missing !== undefined) throw invalid(index, `has no text in "${missing}"`);
  const wire = type === 'text' ? { text_elements: [], ...fields, type } : { ...fields, type };
  // The guard above is what makes this a UserInput; the rest is passed on as it is.
  return wire as UserInput;
}

function invalid(index: number, why: string): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', `Input item ${index + 1} ${why}.`, {
    hint: `Use a string, or items of type ${[...MEMBERS.keys()].join(', ')}.`,
    fields: { index },
  });
}
