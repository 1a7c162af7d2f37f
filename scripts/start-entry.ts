import { START_MODULES } from './start-modules.ts';

const NAMES = /\b(?:import|export) \{([^}]*)\} from "\.\/([\w.-]+)\.js"/g;
const WHOLE = /\bimport\("\.\/([\w.-]+)\.js"\)/g;

/** What a module is called among the chunks: `store.layout`. */
export function partName(module: string): string {
  return module.replace(/^src\/|\.[jt]s$/g, '').replaceAll('/', '.');
}

/**
 * The module that start.js begins with: it gives the names that the other chunks ask for, made when
 * one of them asks. Each is read once, so no module may export what it changes later.
 * @param texts the chunks, as ES modules
 */
export function startEntry(texts: readonly string[]): string {
  const asked = askedNames(texts);
  const lines: string[] = [];
  const given: string[] = [];
  for (const [at, module] of START_MODULES.entries()) {
    const names = asked.get(partName(module));
    if (names === undefined) continue;
    lines.push(`import * as m${at} from './${module}';`);
    const all = names.has('*') ? `...m${at}` : [...names].map((name) => `${name}: m${at}.${name}`);
    given.push(`'${partName(module)}': (module) => { module.exports = { ${all} }; },`);
  }
  return `${lines.join('\n')}\nObject.assign(chunks, {\n${given.join('\n')}\n});\n`;
}

/** By part; `*` for one that is imported as a whole. */
function askedNames(texts: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const asked = new Map([['cli.main', new Set(['main'])]]);
  const ask = (part: string, name: string) =>
    asked.set(part, (asked.get(part) ?? new Set()).add(name));
  for (const text of texts) {
    for (const [, names = '', part = ''] of text.matchAll(NAMES)) {
      for (const [name] of names.matchAll(/\w+(?: as \w+)?/g))
        ask(part, name.split(' as ')[0] ?? '');
    }
    for (const [, part = ''] of text.matchAll(WHOLE)) ask(part, '*');
  }
  return asked;
}
