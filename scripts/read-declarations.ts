import { readdir, readFile } from 'node:fs/promises';

/** A field of an options or result type, or one of its options. */
export interface MemberDeclaration {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  /** What its TSDoc says, on one line; empty without one. */
  readonly text: string;
}

/** Something that a source file exports, as its author wrote it. */
export interface Declaration {
  readonly kind: 'function' | 'interface' | 'type' | 'const' | 'class';
  readonly name: string;
  /** From `src/`. */
  readonly file: string;
  /** What its TSDoc says before `@throws`. */
  readonly text: string;
  /** What `@throws` says; null where nothing is thrown. */
  readonly throws: string | null;
  /** `name(options?: Options): Promise<Result>`, or a type's whole text without comments. */
  readonly signature: string;
  /** What an interface builds on. */
  readonly bases: readonly string[];
  readonly members: readonly MemberDeclaration[];
}

const DECLARATION =
  /(?:^\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^export (?:async )?(function|interface|type|const|class) (\w+)([\s\S]*?\n(?=\n|$))/gm;

/** Reads the exported declarations below `directory`, whose form the formatter keeps. */
export async function readDeclarations(directory: URL): Promise<readonly Declaration[]> {
  const found: Declaration[] = [];
  for (const file of (await readdir(directory, { recursive: true })).sort()) {
    if (!file.endsWith('.ts') || /^(app-server|cli)\b/.test(file)) continue;
    const source = await readFile(new URL(file, directory), 'utf8');
    for (const [, comment = '', kind, name = '', rest = ''] of source.matchAll(DECLARATION)) {
      found.push(read({ kind: kind as Declaration['kind'], name, file }, rest, comment));
    }
  }
  return found;
}

function read(
  known: Pick<Declaration, 'kind' | 'name' | 'file'>,
  rest: string,
  comment: string,
): Declaration {
  const { kind, name } = known;
  const doc = plain(comment);
  const [text = '', throws] = doc.split(/\s*@throws (?:CodexRuntimeError )?/);
  const head = kind === 'function' ? functionHead(rest) : rest;
  const open = kind === 'interface' ? rest.indexOf('{') : -1;
  return {
    ...known,
    text: text.replace(/\s*@(param|returns) /g, '\n- ').trim(),
    throws: throws ?? null,
    signature: kind === 'function' ? `${name}${flat(head)}` : `${name}${rest.trimEnd()}`,
    bases: open === -1 ? [] : basesOf(rest.slice(0, open)),
    members: open === -1 ? [] : membersOf(rest.slice(open + 1, rest.lastIndexOf('}'))),
  };
}

/** Parameters and result: everything before the body. */
function functionHead(rest: string): string {
  // What has a default may be left out.
  return rest.slice(0, rest.search(/ \{\n/)).replace(/(\w+): ([\w.]+) = [^,)\n]+/g, '$1?: $2');
}

function basesOf(head: string): readonly string[] {
  return [...head.matchAll(/\b([A-Z]\w+)(?:<[^{]*?>)?(?=\s*(?:,|$))/g)].map(([whole]) =>
    flat(whole),
  );
}

const MEMBER =
  /(?: {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)? {2}readonly (\w+)(\??):\s([\s\S]*?);\n(?! {4}| {2}\})/g;

function membersOf(body: string): readonly MemberDeclaration[] {
  return [...body.matchAll(MEMBER)].map(([, comment = '', name = '', mark, type = '']) => ({
    name,
    optional: mark === '?',
    type: flat(type),
    text: plain(comment),
  }));
}

/** A comment as one line of prose. */
function plain(comment: string): string {
  return flat(comment.replace(/^ *\* ?/gm, '').replace(/\{@link (\w+)\}/g, '`$1`'));
}

/** Without comments and line breaks. */
export function flat(text: string): string {
  return text
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/;? \}/g, ' }')
    .replace(/^\| /, '')
    .replace(/\( /g, '(')
    .replace(/,? \)/g, ')')
    .trim();
}
