import { readFile } from 'node:fs/promises';
import { alignedTable } from './aligned-table.ts';
import {
  type Declaration,
  flat,
  type MemberDeclaration,
  readDeclarations,
} from './read-declarations.ts';

const SOURCE = new URL('../src/', import.meta.url);

/** Names that `src/index.ts` exports, in its order, and where each comes from below `src/`. */
export async function loadExports(): Promise<ReadonlyMap<string, string>> {
  const index = await readFile(new URL('index.ts', SOURCE), 'utf8');
  const lists = index.matchAll(/export (?:type )?\{([^}]*)\} from '\.\/([^']+)'/g);
  return new Map(
    [...lists].flatMap(([, list = '', path = '']) =>
      (list.match(/\b(?!type\b)\w+/g) ?? []).map((name): [string, string] => [name, path]),
    ),
  );
}

/**
 * Fills the generated parts of docs/library.md from the TSDoc of the sources: what stands between
 * `<!-- api NAME -->` and `<!-- end -->`. A function brings the types of its options and its result
 * where no part above has shown them; the part `types` has the rest.
 * @throws Error when an exported function has no part, or a part names what is not exported
 */
export async function renderLibraryReference(text: string): Promise<string> {
  const exports = await loadExports();
  const declared = await readDeclarations(SOURCE);
  const api: Api = {
    names: [...exports.keys()],
    // Two rooms may use one name for two things; what is exported comes from its own room.
    find(name) {
      const room = exports.get(name)?.replace(/index\.ts$/, '') ?? '';
      return declared.find((one) => one.name === name && one.file.startsWith(room));
    },
  };
  const parts = [...text.matchAll(/<!-- api (\w+) -->/g)].map(([, name = '']) => name);
  const shown = new Set(parts);
  const rendered = text.replace(
    /<!-- api (\w+) -->\n[\s\S]*?<!-- end -->/g,
    (_part, name: string) => {
      const titled =
        name === 'types'
          ? api.names.filter((one) => !shown.has(one))
          : companions(api, name, shown);
      const own = name === 'types' ? [] : [body(api, found(api, name))];
      const content = [
        ...own,
        ...titled.map((one) => `#### ${one}\n\n${body(api, found(api, one))}`),
      ];
      return `<!-- api ${name} -->\n\n${content.join('\n\n')}\n\n<!-- end -->`;
    },
  );
  const missing = api.names.filter(
    (name) => found(api, name).kind === 'function' && !parts.includes(name),
  );
  if (missing.length > 0) throw new Error(`docs/library.md has no part for ${missing.join(', ')}`);
  return rendered;
}

interface Api {
  readonly names: readonly string[];
  readonly find: (name: string) => Declaration | undefined;
}

function found({ names, find }: Api, name: string): Declaration {
  const declaration = names.includes(name) ? find(name) : undefined;
  if (declaration === undefined) throw new Error(`${name} is not exported`);
  return declaration;
}

/** The exported types of a function's signature that nothing above has shown. */
function companions(api: Api, name: string, shown: Set<string>): readonly string[] {
  const { kind, signature } = found(api, name);
  if (kind !== 'function') return [];
  const types = [...new Set(signature.match(/\b[A-Z]\w+\b/g) ?? [])];
  const fresh = types.filter((type) => api.names.includes(type) && !shown.has(type));
  for (const type of fresh) shown.add(type);
  return fresh;
}

function body(
  api: Api,
  { kind, name, text, throws, signature, bases, members }: Declaration,
): string {
  const inner = [...inherited(api, bases), ...members];
  const outer = bases.filter((base) => !inherited(api, [base]).length);
  return [
    ...(kind === 'function' ? [code(signature)] : []),
    ...(kind === 'type' ? [code(`type ${signature}`)] : []),
    // A list needs an empty line before it.
    ...(text === '' ? [] : [text.replace('\n- ', '\n\n- ')]),
    ...(outer.length === 0 ? [] : [`Takes as well: ${outer.map(reference).join(', ')}.`]),
    ...(inner.length === 0 ? [] : [table(api, name, inner)]),
    ...(throws === null ? [] : [`**Throws** ${throws.replace(/[^.]$/, '$&.')}`]),
  ].join('\n\n');
}

/** What a type has from one that is no part of the public API. */
function inherited({ names, find }: Api, bases: readonly string[]): readonly MemberDeclaration[] {
  return bases.flatMap((base) => {
    const [name = '', ...left] =
      base
        .match(/(?<=^|<)[A-Z]\w+(?=<|,|$)|'\w+'/g)
        ?.filter((word) => !/^(Omit|Pick)$/.test(word)) ?? [];
    if (names.includes(name)) return [];
    const gone = base.startsWith('Omit') ? left : [];
    return (find(name)?.members ?? []).filter((member) => !gone.includes(`'${member.name}'`));
  });
}

function reference(base: string): string {
  const name = /(?<=^|<)(?!Omit|Pick)[A-Z]\w+/.exec(base)?.[0] ?? base;
  const fields = base.match(/'\w+'/g)?.map((field) => `\`${field.slice(1, -1)}\``) ?? [];
  const link = `[\`${name}\`](#${name.toLowerCase()})`;
  if (fields.length === 0) return link;
  return base.startsWith('Pick')
    ? `${fields.join(', ')} of ${link}`
    : `${link} without ${fields.join(', ')}`;
}

function code(signature: string): string {
  return `\`\`\`ts\n${signature}\n\`\`\``;
}

/** Options have defaults; what a result holds is always there. */
function table(api: Api, owner: string, members: readonly MemberDeclaration[]): string {
  const given = /Options$|Request$/.test(owner);
  const rows = members.map(({ name, optional: may, type, text }) => {
    const told = /(?:^|\s)Default:? (.+?)\.(?=\s[A-Z]|$)/.exec(text);
    const meaning = told === null ? text : text.replace(told[0], '').trim();
    const cells = [`\`${name}${may ? '?' : ''}\``, `\`${spelledOut(api, type)}\``, meaning];
    if (given && meaning === '') throw new Error(`${owner}.${name} does not say what it is`);
    return given ? [...cells, told?.[1] ?? ''] : cells;
  });
  const head = given ? ['option', 'type', 'meaning', 'default'] : ['field', 'type', 'meaning'];
  return alignedTable([head, ...rows]);
}

/** A type in words that a reader of this page can look up: names that are not exported are spelled out. */
function spelledOut(api: Api, type: string): string {
  return flat(
    type
      .replace(/\breadonly /g, '')
      .replace(/\b([A-Z]\w+)(?:\['(\w+)'\])?/g, (whole, name: string, key?: string) => {
        const declared = api.find(name);
        if (declared === undefined || (api.names.includes(name) && key === undefined)) return whole;
        const member = declared.members.find((one) => one.name === key);
        if (member !== undefined) return spelledOut(api, member.type);
        if (declared.kind === 'interface') {
          const fields = declared.members.map((one) => `${one.name}: ${spelledOut(api, one.type)}`);
          return `{ ${fields.join('; ')} }`;
        }
        return declared.kind === 'type' ? spelledOut(api, aliased(declared)) : whole;
      }),
  );
}

function aliased({ name, signature }: Declaration): string {
  return flat(
    signature
      .slice(name.length)
      .replace(/^[^=]*=\s*/, '')
      .replace(/;$/, ''),
  );
}
