import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { isErrno } from '../disk/errno.ts';
import { exists } from '../disk/exists.ts';
import { listNames } from '../disk/list-names.ts';
import { shortSha256 } from '../disk/short-sha256.ts';
import { movePath, removeFile } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import { asJsonObject, isJsonObject, tryParseJson } from '../json.ts';

/** A prefix that this machine's runtimes were installed into. */
export interface KnownPrefix {
  /** Absolute. */
  readonly prefix: string;
  readonly global: boolean;
  /** The package's name. */
  readonly name: string;
  /** Where Python has the package; absent for npm's layouts. */
  readonly python?: PythonPlace;
}

/** A package that pip installed. */
export interface PythonPlace {
  /** Absolute path of the package: it does not follow from the environment's own path. */
  readonly dir: string;
  /** The interpreter whose own environment it is; null for a directory. */
  readonly interpreter: string | null;
}

/**
 * Notes a prefix, so that `list` can show it and `prune` can ask it. A convenience: a home that
 * cannot be written to (a read-only store) does not fail an installation that has succeeded.
 */
export async function rememberPrefix(home: string, known: KnownPrefix): Promise<void> {
  if (await isKnownPrefix(home, known)) return;
  const path = notePath(home, known);
  // Always the same name and content, so that what a killed run left is taken up by the next.
  const fresh = `${path}.new`;
  try {
    await mkdir(join(home, 'prefixes'), { recursive: true });
    await writeFile(fresh, `${JSON.stringify(known)}\n`);
    await movePath(fresh, path);
  } catch {
    await removeFile(fresh).catch(() => undefined);
  }
}

/** Whether a prefix was noted. */
export async function isKnownPrefix(home: string, known: KnownPrefix): Promise<boolean> {
  return await exists(notePath(home, known));
}

/** As {@link rememberPrefix}: the package is gone whether or not its note can be removed. */
export async function forgetPrefix(home: string, known: KnownPrefix): Promise<void> {
  const { name, global, python } = known;
  const same: KnownPrefix[] = [known];
  for (const each of await loadNotes(home).catch(ignoreUnreadable)) {
    if (each.name !== name || each.global !== global || each.python?.dir !== python?.dir) continue;
    if (await isSamePlace(each.prefix, known.prefix)) same.push(each);
  }
  for (const each of same) await removeFile(notePath(home, each)).catch(() => undefined);
}

/** Forgets the prefixes whose Python package was `dir`. */
export async function forgetPython(home: string, dir: string): Promise<void> {
  const known = await loadKnownPrefixes(home).catch(ignoreUnreadable);
  await Promise.all(
    known.filter(({ python }) => python?.dir === dir).map((each) => forgetPrefix(home, each)),
  );
}

/**
 * Every prefix that was noted, whether or not it still holds a package, sorted; once, where the case
 * of letters does not count and it was noted in several spellings.
 */
export async function loadKnownPrefixes(home: string): Promise<readonly KnownPrefix[]> {
  const spellings = new Map<string, KnownPrefix[]>();
  for (const known of await loadNotes(home)) {
    const { prefix, global, name, python } = known;
    const key = [prefix, global, name, python?.dir].join('\0').toLowerCase();
    const others = spellings.get(key) ?? [];
    const isNoted = await Promise.all(others.map((each) => isSamePlace(each.prefix, prefix)));
    if (!isNoted.includes(true)) spellings.set(key, [...others, known]);
  }
  return [...spellings.values()].flat();
}

/** Whether two spellings of one path lead to one directory: the file system says so. */
async function isSamePlace(a: string, b: string): Promise<boolean> {
  if (a === b || a.toLowerCase() !== b.toLowerCase()) return a === b;
  const [one, other] = await Promise.all(
    [a, b].map((path) => stat(path, { bigint: true }).catch(() => undefined)),
  );
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

/** What may not be read can be no more forgotten than what may not be removed. */
function ignoreUnreadable(error: unknown): readonly KnownPrefix[] {
  if (error instanceof CodexRuntimeError) return [];
  throw error;
}

async function loadNotes(home: string): Promise<readonly KnownPrefix[]> {
  const dir = join(home, 'prefixes');
  const names = await listNames(dir);
  const texts = names
    .filter((name) => name.endsWith('.json'))
    .map((name) => readNote(join(dir, name)));
  const known = (await Promise.all(texts)).map(parseNote).filter((note) => note !== undefined);
  return known.sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

/** A note that cannot be read is not taken for none: `prune` would remove what its prefix needs. */
async function readNote(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw diskError(error, 'read the note of a prefix', path, 'home');
  }
}

function parseNote(text: string): KnownPrefix | undefined {
  const { prefix, global, name, python } = asJsonObject(tryParseJson(text));
  if (typeof prefix !== 'string' || typeof global !== 'boolean' || typeof name !== 'string') {
    return undefined;
  }
  const known = { prefix, global, name };
  if (!isJsonObject(python)) return known;
  const { dir, interpreter } = python;
  if (typeof dir !== 'string') return undefined;
  const place = { dir, interpreter: typeof interpreter === 'string' ? interpreter : null };
  return { ...known, python: place };
}

/** The file that notes a prefix. */
export function notePath(home: string, { prefix, global, name, python }: KnownPrefix): string {
  const place = [prefix, global, name, ...(python === undefined ? [] : [python.dir])].join('\0');
  return join(home, 'prefixes', `${shortSha256(place).slice(0, 32)}.json`);
}
