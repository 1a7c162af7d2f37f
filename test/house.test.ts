import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** Every room of src/, the first to be understood first: a file imports from rooms above its own. */
const ROOMS = [
  'errors.ts',
  'json.ts',
  'schema.ts',
  'abort.ts',
  'disk',
  'target',
  'pin',
  'lockfile',
  'asset.ts',
  'events.ts',
  'request',
  'child',
  'fetch',
  'channels',
  'extract',
  'signature',
  'store',
  'provision',
  'package',
  'place',
  'machine',
  'prune',
  'operations',
  'app-server',
  'code-mode',
  'verify',
  'doctor',
  'index.ts',
  'cli',
];

interface Import {
  readonly from: string;
  readonly to: string;
  /** `import()`, which loads late on purpose. */
  readonly late: boolean;
}

function importsOf(text: string, from: string): Import[] {
  const found = text.matchAll(/\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)/g);
  return [...found].map(([, early, late]) => ({
    from,
    to: join(dirname(from), early ?? late ?? '')
      .split(sep)
      .join('/'),
    late: late !== undefined,
  }));
}

function room(path: string): string {
  return path.split('/', 1)[0] ?? path;
}

/** An import of what comes later: with it, two rooms can only be understood together. */
function isUpward({ from, to }: Import): boolean {
  return ROOMS.indexOf(room(to)) > ROOMS.indexOf(room(from));
}

/** An import of a room's inner file, where the room has an index that says what is for others. */
function isPastTheDoor({ from, to, late }: Import): boolean {
  if (room(from) === room(to) || late) return false;
  return !to.endsWith('index.ts') && existsSync(join(SRC, room(to), 'index.ts'));
}

/** The names that a module defines and exports. */
function exportedFrom(text: string): string[] {
  const found = text.matchAll(/^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm);
  return [...found].map(([, name = '']) => name);
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => relative('.', path).split(sep).join('/'))
  .filter((path) => path.endsWith('.ts'));
const imports = files.flatMap((path) => importsOf(readFileSync(join(SRC, path), 'utf8'), path));
const shown = ({ from, to }: Import) => `${from} → ${to}`;

describe('the house', () => {
  it('has a place in the order for every room, and no other', () => {
    expect([...new Set(files.map(room))].sort()).toEqual([...ROOMS].sort());
  });

  it('is drawn whole in ARCHITECTURE.md', () => {
    const text = readFileSync(join(SRC, '../ARCHITECTURE.md'), 'utf8');
    const picture = /```\n(bin\/.*?)```/s.exec(text)?.[1] ?? '';
    const names = picture.split(/\s+/);
    const missing = ROOMS.filter((room) => !names.includes(room) && !names.includes(`${room}/`));
    expect(missing).toEqual([]);
  });

  it('has no file that imports from a later room', () => {
    expect(imports.filter(isUpward).map(shown)).toEqual([]);
  });

  it('has no file that goes past the index of another room', () => {
    expect(imports.filter(isPastTheDoor).map(shown)).toEqual([]);
  });

  it('exports no name with two meanings: one word, one room', () => {
    // What is imported from an entry of its own is read with that entry.
    const entries = ['app-server', 'code-mode'];
    const rooms = new Map<string, Set<string>>();
    for (const path of files.filter((file) => !entries.includes(room(file)))) {
      for (const name of exportedFrom(readFileSync(join(SRC, path), 'utf8'))) {
        rooms.set(name, (rooms.get(name) ?? new Set()).add(room(path)));
      }
    }
    const doubled = [...rooms].filter(([, found]) => found.size > 1);
    expect(doubled.map(([name, found]) => `${name}: ${[...found].join(', ')}`)).toEqual([]);
  });

  it('renames and removes in one place, which tries again what Windows blocks for a moment', () => {
    const own = /import \{[^}]*\b(rename|rm|unlink)\b[^}]*\} from 'node:fs\/promises'/;
    const moving = files.filter((path) => own.test(readFileSync(join(SRC, path), 'utf8')));
    expect(moving).toEqual(['disk/until-unblocked.ts']);
  });
});

describe('the check', () => {
  it('sees a static, a type-only, a re-exporting and a late import', () => {
    const text = `import { a } from '../a.ts';
import type { B } from '../b/index.ts';
export { c } from '../c.ts';
const d = await import('../d.ts');`;
    expect(importsOf(text, 'disk/file.ts').map(({ to, late }) => [to, late])).toEqual([
      ['a.ts', false],
      ['b/index.ts', false],
      ['c.ts', false],
      ['d.ts', true],
    ]);
  });

  it('refuses a later room, and the inner file of another', () => {
    expect(isUpward({ from: 'extract/a.ts', to: 'store/index.ts', late: false })).toBe(true);
    expect(isUpward({ from: 'store/a.ts', to: 'extract/index.ts', late: false })).toBe(false);
    expect(isPastTheDoor({ from: 'stage/a.ts', to: 'store/seal.ts', late: false })).toBe(true);
    expect(isPastTheDoor({ from: 'stage/a.ts', to: 'store/seal.ts', late: true })).toBe(false);
    expect(isPastTheDoor({ from: 'store/a.ts', to: 'store/seal.ts', late: false })).toBe(false);
  });

  it('sees what a module exports, and not what it passes on', () => {
    const text = `export async function run(): Promise<void> {}
export interface Member {}
const own = 1;
export { type Other, other } from './other.ts';`;
    expect(exportedFrom(text)).toEqual(['run', 'Member']);
  });
});
