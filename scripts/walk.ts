import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** A function that the walk meets, and the room that has it. */
export interface Step {
  readonly room: Room;
  readonly name: string;
  /** From `src/`. */
  readonly file: string;
}

/** Files that lead the walk: what their functions call belongs to it. */
const LEADING = /^(?:cli\/commands|operations|provision)\//;

/** Rooms whose functions are steps. What every room speaks (`disk/`, `errors.ts`, …) is not drawn. */
export const ROOMS = [
  'cli',
  'operations',
  'request',
  'place',
  'provision',
  'channels',
  'fetch',
  'extract',
  'signature',
  'child',
  'store',
] as const;

export type Room = (typeof ROOMS)[number];

/** The rooms where a function that returns at once is a step as well: they read what is meant. */
const AT_ONCE = ['cli', 'request', 'place'];

/** Methods that are steps, by what they are called on. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  place: ['survey', 'accept', 'install'],
  survey: ['healthy'],
  request: ['at'],
};

/** What leaves the walk: another way, a word to the user, or tidying up after a killed run. */
const ASIDE = new Set([
  ...['previewPlan', 'keep', 'withDamaged'],
  ...['preparingHeap', 'tellPath', 'noteUse'],
  ...['sweepKilledRun', 'removeLeftParts', 'clearDeadHold', 'clearStaging', 'leftBytes'],
  ...['isAnyAside', 'restoreReplaced', 'verifyStore'],
]);

/** Repeats what its caller gives it, and adds no step. */
const REPEATING = new Set(['useRuntime']);

/**
 * The walk of `codex-runtime install`, in the order in which its functions call each other: read from
 * the sources, so that a step that moves, or gets another name, moves in the picture too.
 */
export async function walkOfInstall(): Promise<readonly Step[]> {
  const modules = new Map<string, Module>();
  const steps: Step[] = [];
  const seen = new Set<string>();

  const load = async (file: string): Promise<Module> => {
    const known = modules.get(file) ?? parseModule(file, await readFile(join(SRC, file), 'utf8'));
    modules.set(file, known);
    return known;
  };
  /** Where a name is defined: an index only passes it on. */
  const definition = async (file: string, name: string): Promise<string> => {
    const { imports } = await load(file);
    const from = file.endsWith('/index.ts') ? imports.get(name) : undefined;
    return from === undefined ? file : await definition(from, name);
  };
  const meet = async (step: Step): Promise<void> => {
    const key = `${step.file} ${step.name}`;
    if (seen.has(key)) return;
    seen.add(key);
    steps.push(step);
    if (LEADING.test(step.file) && !REPEATING.has(step.name)) await follow(step.file, step.name);
  };
  const follow = async (file: string, name: string): Promise<void> => {
    const { imports, functions } = await load(file);
    for (const { object, called } of callsIn(functions.get(name)?.body ?? '')) {
      if (ASIDE.has(called)) continue;
      if (METHODS[object]?.includes(called)) {
        const room = object === 'request' ? 'request' : 'place';
        await meet({ room, name: `${object}.${called}`, file: `${room}/${room}.ts` });
      }
      if (object !== '') continue;
      const from = imports.get(called);
      if (from === undefined) {
        if (called !== name && functions.has(called)) await follow(file, called);
        continue;
      }
      const home = await definition(from, called);
      const room = home.split('/', 1)[0] ?? '';
      const isStep = (await load(home)).functions.get(called)?.isAsync || AT_ONCE.includes(room);
      if (isStep && isDrawn(room)) await meet({ room, name: called, file: home });
    }
  };
  await meet({ room: 'cli', name: 'install', file: 'cli/commands/install.ts' });
  return steps;
}

function isDrawn(room: string): room is Room {
  return ROOMS.some((drawn) => drawn === room);
}

interface Module {
  /** From `src/`: where each imported or re-exported name comes from. */
  readonly imports: ReadonlyMap<string, string>;
  readonly functions: ReadonlyMap<string, { readonly isAsync: boolean; readonly body: string }>;
}

const FROM = /(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)'/g;
const LATE = /const \{([^}]*)\} = await import\('(\.[^']+)'\)/g;
const FUNCTION = /^(?:export )?(async )?function (\w+)[\s\S]*?\n\}$/gm;

/** Reads a module whose form the formatter keeps: a function ends with the first line that is `}`. */
function parseModule(file: string, text: string): Module {
  const imports = new Map<string, string>();
  for (const [, names = '', path = ''] of [...text.matchAll(FROM), ...text.matchAll(LATE)]) {
    const from = join(dirname(file), path).replaceAll('\\', '/');
    for (const [name] of names.matchAll(/\b(?!type\b)\w+/g)) imports.set(name, from);
  }
  const functions = [...text.matchAll(FUNCTION)].map(
    ([body, isAsync, name = '']) => [name, { isAsync: isAsync !== undefined, body }] as const,
  );
  return { imports, functions: new Map(functions) };
}

/** What a function's text calls, in order: an argument that is waited for comes before its call. */
function callsIn(text: string) {
  const CALL =
    /(?<![\w.])(?<!function )(?:\w+\.)*?(?:(\w+)\.)?(\w+)(?:<[\w\s,]+>)?\((?=\s*(await )?)/g;
  const calls: { object: string; called: string }[] = [];
  let waiting: (typeof calls)[number] | undefined;
  for (const [, object = '', called = '', awaits] of text.replaceAll('...', ' ').matchAll(CALL)) {
    const call = { object, called };
    if (awaits !== undefined) waiting = call;
    else calls.push(call, ...(waiting === undefined ? [] : [waiting]));
    if (awaits === undefined) waiting = undefined;
  }
  return calls;
}
