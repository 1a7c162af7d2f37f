import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAst } from 'vitest/node';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** What a reader stumbles over, and what to write in its place. */
const DIALECT = [
  { phrase: /(?<!\bthere )\bis no (?!longer\b|more\b)/i, better: '"X is not a Y"' },
  { phrase: /\bthat is none\b/i, better: '"an invalid X"' },
  { phrase: /\bmend(?:s|ed|ing)?\b/i, better: '"repair" or "fix"' },
  { phrase: /\bfor who(?:ever)?\b/i, better: '"for those who", or name them' },
  { phrase: /\bnoticed by\b/i, better: 'say who sees what' },
  { phrase: /\bdamages\b/i, better: '"problems"' },
  { phrase: /\bsomebody\b/i, better: '"another user", "another program", or name them' },
  { phrase: /\bwhich is not taken\b/i, better: '"unexpected"' },
  { phrase: /\btruly\b/i, better: 'leave it out' },
  { phrase: /\b(?:is|are|not) whole\b/i, better: '"complete", "healthy" or "not damaged"' },
  { phrase: /\banew\b/i, better: '"again"' },
  { phrase: /\b(?:tells?|told) no\b/i, better: '"gives no X", "has no X"' },
  { phrase: /\blast words\b/i, better: '"the end of its stderr"' },
  { phrase: /\bis not one\./i, better: '"is malformed", "is not a X"' },
  { phrase: /\bLook (?:at|with)\b/, better: '"check", "run" or "read"' },
];

/**
 * Every text of a module that has more than one word: messages, hints, help, and whatever they are put
 * together from. A template's values are `…`. Read from the syntax tree, so that comments do not count.
 */
function textsOf(source: string): string[] {
  const texts: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('type' in node) texts.push(...textOf(node));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(source, { lang: 'ts' }).body);
  return texts.filter((text) => /\S\s+\S/.test(text)).map((text) => text.replaceAll(/\s+/g, ' '));
}

function textOf(node: object): string[] {
  if ('value' in node && typeof node.value === 'string') return [node.value];
  if (!('quasis' in node) || !Array.isArray(node.quasis)) return [];
  return [node.quasis.map(({ value }) => value.cooked).join('…')];
}

/** The texts of a module that hold a phrase of the dialect, and what is better. */
function dialectIn(source: string): string[] {
  return textsOf(source).flatMap((text) =>
    DIALECT.filter(({ phrase }) => phrase.test(text)).map(({ better }) => `${text} → ${better}`),
  );
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  // Made from the app server's own schema: its words are upstream's.
  .filter((path) => path.endsWith('.ts') && !path.startsWith('app-server/generated/'));

describe('what users read', () => {
  it.each(files)('%s speaks plain English', (path) => {
    expect(dialectIn(readFileSync(join(SRC, path), 'utf8'))).toEqual([]);
  });

  it('is some hundreds of texts, so that the reading of them works', () => {
    const all = files.flatMap((path) => textsOf(readFileSync(join(SRC, path), 'utf8')));
    expect(all.length).toBeGreaterThan(1000);
    expect(all).toContain('No Codex version is named.');
    expect(all).toContain('Codex … for … is not in the store, and --offline forbids fetching it.');
  });
});

describe('what the documents say', () => {
  const ROOT = join(SRC, '..');
  const documents = [
    'ARCHITECTURE.md',
    'REVIEW.md',
    ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.md'))
      .map((path) => join('docs', path)),
  ];

  it.each(documents)('%s is in plain English', (path) => {
    const dialect =
      /\b(?:that is none|mend(?:ed)? (?:it|this|them)|for who|noticed by|somebody|whoever|anew|truly|last words|(?:is|are) whole)\b/i;
    const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
    expect(lines.filter((line) => dialect.test(line))).toEqual([]);
  });
});

describe('the check', () => {
  it.each([
    'The pin (latest) is no exact version.',
    "npm's configuration has a certificate that is none.",
    'Mend it with "codex-runtime verify".',
    'It was mended.',
    'For who has several projects.',
    'Noticed by who asks next.',
    '2 damages in Codex 0.1.0.',
    'Somebody else signed.',
    "somebody's token",
    'HOST answered 204 to URL, which is not taken.',
    'Codex 0.1.0 is locked completely and truly.',
    'The package at /a is whole.',
    'Write it anew.',
    'The server told no reason.',
    'It ended; its last words: x',
    'The list of attestations is not one.',
    'Look with "npm stage list" at what waits there.',
  ])('finds "%s" as a message, a hint, a template and a help text', (text) => {
    const quoted = JSON.stringify(text);
    expect(dialectIn(`throw new CodexRuntimeError('USAGE', ${quoted});`)).toHaveLength(1);
    expect(dialectIn(`const details = { hint: ${quoted} };`)).toHaveLength(1);
    expect(dialectIn(`const message = \`\${name}: ${text}\`;`)).toHaveLength(1);
    expect(dialectIn(`command.option('--a', ${quoted});`)).toHaveLength(1);
  });

  it.each([
    'There is no lockfile in /a or above it.',
    'It is no longer there.',
    'We recommend it.',
    'It is damaged.',
  ])('leaves "%s" alone', (text) => {
    expect(dialectIn(`const message = ${JSON.stringify(text)};`)).toEqual([]);
  });

  it('does not read comments, names and single words', () => {
    expect(dialectIn("/* mend it */ const damages = 'damages'; // somebody")).toEqual([]);
  });
});
