/**
 * `body`, one generated `export type`, with `@experimental` on what `stable` does not have: the
 * members of its object, or the whole type where there is no stable one. The runtime leaves these
 * out of its types unless it is asked for them, and says nowhere else which they are.
 */
export function markExperimental(body: string, stable: string | undefined): string {
  if (stable === undefined) return mark(body, body.indexOf('export type '));
  const known = new Set(membersOf(stable).map(({ name }) => name));
  return membersOf(body)
    .filter(({ name }) => !known.has(name))
    .reverse()
    .reduce((text, { at }) => mark(text, at), body);
}

interface Member {
  readonly name: string;
  /** Where its name begins. */
  readonly at: number;
}

const MEMBER = /\s*"?([\w$]+)"?\??:/y;
const SKIPPED = /\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"/y;

/** The members of the object that the type is; of one that is made of several, of all of them. */
function membersOf(body: string): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let expected = false;
  for (let at = body.indexOf('=', body.indexOf('export type ')) + 1; at < body.length; ) {
    const named = expected && depth === 1 ? matchAt(MEMBER, body, at) : undefined;
    if (named?.[1] !== undefined) {
      members.push({ name: named[1], at: at + named[0].search(/["\w$]/) });
      expected = false;
      at += named[0].length;
      continue;
    }
    const skipped = matchAt(SKIPPED, body, at);
    if (skipped !== undefined) {
      at += skipped[0].length;
      continue;
    }
    const char = body[at] ?? '';
    if ('{[(<'.includes(char)) depth += 1;
    if ('}])>'.includes(char)) depth -= 1;
    if (depth === 1 && (char === '{' || char === ',')) expected = true;
    at += 1;
  }
  return members;
}

/** Adds the tag to the comment that ends right before `at`, or writes one. */
function mark(text: string, at: number): string {
  const before = text.slice(0, at);
  const commented = before.trimEnd().endsWith('*/');
  const head = commented
    ? before.trimEnd().replace(/\s*\*\/$/, '\n * @experimental\n */\n')
    : `${before.trimEnd()}\n/** @experimental */\n`;
  return `${head.trimStart()}${text.slice(at)}`;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
