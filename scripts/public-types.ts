/**
 * Leaves of the declarations in dist/ what the public entries say, and what that is made of: a room's
 * index names more, down to types of packages that whoever installs this one does not have.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './compile.ts';

const DIST = join(ROOT, 'dist');
const ENTRIES = ['index.d.ts', 'app-server/index.d.ts', 'code-mode/index.d.ts'];
/** As TypeScript writes them: `import type { A, B as C } from './file.ts';` */
const LINK = /^(import|export) (?:type )?(?:\{([^}]*)\}|\* as \w+) from '([^']+)';\n/gm;

/** What is asked of each file that is kept; null for all of it. */
const asked = new Map<string, Set<string> | null>();
for (const entry of ENTRIES) ask(join(DIST, entry), null);
for (const entry of readdirSync(DIST, { recursive: true, encoding: 'utf8' })) {
  const file = join(DIST, entry);
  if (!file.endsWith('.d.ts')) continue;
  if (asked.has(file)) writeFileSync(file, withoutUnasked(file));
  else rmSync(file);
}
// Streams and AbortSignal are Node's: from TypeScript 6 on no program has its types by itself.
for (const entry of ENTRIES.map((name) => join(DIST, name))) {
  writeFileSync(entry, `/// <reference types="node" />\n${readFileSync(entry, 'utf8')}`);
}

function ask(file: string, names: readonly string[] | null): void {
  const known = asked.get(file);
  if (known === null) return;
  const fresh = names?.filter((name) => known?.has(name) !== true) ?? null;
  if (fresh?.length === 0) return;
  asked.set(file, fresh === null ? null : new Set([...(known ?? []), ...fresh]));
  for (const [, keyword, list, from = ''] of readFileSync(file, 'utf8').matchAll(LINK)) {
    if (!from.startsWith('.')) continue;
    const target = join(dirname(file), from.replace(/\.ts$/, '.d.ts'));
    const links = list === undefined ? null : linksOf(list);
    if (links === null || keyword === 'import')
      ask(target, links?.map(({ theirs }) => theirs) ?? null);
    else
      ask(
        target,
        links.filter(({ ours }) => isAsked(file, ours)).map(({ theirs }) => theirs),
      );
  }
}

function isAsked(file: string, name: string): boolean {
  const names = asked.get(file);
  return names === null || names?.has(name) === true;
}

function linksOf(list: string) {
  return list.split(',').flatMap((link) => {
    const [theirs = '', ours = theirs] = link
      .trim()
      .replace(/^type /, '')
      .split(' as ');
    return theirs === '' ? [] : [{ theirs, ours, text: link.trim() }];
  });
}

function withoutUnasked(file: string): string {
  return readFileSync(file, 'utf8').replace(LINK, (line, keyword, list: string | undefined) => {
    if (keyword === 'import' || list === undefined) return line;
    const kept = linksOf(list).filter(({ ours }) => isAsked(file, ours));
    return kept.length === 0
      ? ''
      : line.replace(list, ` ${kept.map(({ text }) => text).join(', ')} `);
  });
}
