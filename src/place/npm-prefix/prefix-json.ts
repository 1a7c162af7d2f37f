import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ignoreMissing } from '../../disk/errno.ts';
import { movePath, removeFile } from '../../disk/until-unblocked.ts';
import { writeSynced } from '../../disk/write-synced.ts';
import { asJsonObject, type JsonObject, tryParseJson } from '../../json.ts';
import type { PrefixLayout } from './layout.ts';

/**
 * Makes npm content with a prefix: `npm ls` lists the package, and `npm install` of something else
 * keeps it. A prefix without a package.json gets one that names the build; the entry follows the
 * build in later installations, and goes where there is none. A package.json of the user's own is
 * never touched.
 *
 * The entry is a `file:` one, as npm writes for a linked package: without the directory npm has
 * nowhere else to look, where a version or `*` would lead it to whoever owns the name on a registry.
 */
export async function describePrefix(
  layout: PrefixLayout,
  name: string,
  build: string | undefined,
): Promise<void> {
  if (layout.global) return;
  if (build === undefined) return await undescribePrefix(layout, name);
  const present = await loadPrefixJson(layout);
  if (present !== undefined && !isOurEntry(present, name)) return;
  const entry = `file:${relative(layout.prefix, build).replaceAll('\\', '/')}`;
  const named = dependenciesOf(present ?? {});
  if (named[name] === entry) return await removeFile(freshPath(layout));
  const dependencies = { ...named, [name]: entry };
  await writePrefixJson(layout, { ...(isOursAlone(present, name) ? OURS : present), dependencies });
}

/** Takes our entry out of the prefix's package.json, and the file away if nothing else is in it. */
export async function undescribePrefix(layout: PrefixLayout, name: string): Promise<void> {
  const present = await loadPrefixJson(layout);
  if (present === undefined || !isOurEntry(present, name)) return;
  const { [name]: _, ...others } = dependenciesOf(present);
  if (!isOursAlone(present, name)) {
    return await writePrefixJson(layout, { ...present, dependencies: others });
  }
  await removeFile(freshPath(layout));
  await removeFile(join(layout.prefix, 'package.json'));
}

/** Whether {@link describePrefix} may write there: who has a package.json of their own keeps it. */
export async function ownsPrefixJson(layout: PrefixLayout, name: string): Promise<boolean> {
  if (layout.global) return false;
  const present = await loadPrefixJson(layout);
  return present === undefined || isOurEntry(present, name);
}

/** Our entry in the prefix's package.json: which build it names; undefined where there is none. */
export async function loadOurEntry(
  layout: PrefixLayout,
  name: string,
): Promise<string | undefined> {
  if (layout.global) return undefined;
  const present = await loadPrefixJson(layout).catch(() => undefined);
  if (present === undefined || !isOurEntry(present, name)) return undefined;
  return String(dependenciesOf(present)[name]);
}

/** An unreadable package.json is somebody's, and counts as one without our entry. */
export async function loadPrefixJson({ prefix }: PrefixLayout): Promise<JsonObject | undefined> {
  const text = await readFile(join(prefix, 'package.json'), 'utf8').catch(ignoreMissing);
  return text === undefined ? undefined : asJsonObject(tryParseJson(text));
}

/** Name and version: without them npm makes no SBOM of the prefix. */
const OURS = { name: 'codex-runtime-prefix', version: '0.0.0', private: true } as const;

/** Whether a package.json says nothing that we would not say; one of an earlier version says less. */
function isOursAlone(packageJson: JsonObject | undefined, name: string): boolean {
  if (packageJson === undefined) return true;
  const { dependencies, ...own } = packageJson;
  const others = Object.keys(asJsonObject(dependencies)).filter((key) => key !== name);
  const said = Object.entries(own);
  return (
    others.length === 0 &&
    own['private'] === true &&
    said.every(([key, value]) => (OURS as JsonObject)[key] === value)
  );
}

function dependenciesOf(packageJson: JsonObject): JsonObject {
  return asJsonObject(packageJson['dependencies']);
}

function isOurEntry(packageJson: JsonObject, name: string): boolean {
  const entry = dependenciesOf(packageJson)[name];
  if (typeof entry !== 'string') return false;
  // Builds lie beside node_modules; those of earlier versions lay in it.
  return ['file:.', 'file:node_modules/.'].some((start) => entry.startsWith(`${start}${name}/`));
}

/**
 * Beside the package.json, because node_modules may be a file system of its own; always the same
 * name, so that what a killed run left goes with the next, also where that has nothing to write.
 */
function freshPath({ prefix }: PrefixLayout): string {
  return join(prefix, 'package.json.new');
}

async function writePrefixJson(layout: PrefixLayout, content: JsonObject): Promise<void> {
  const fresh = freshPath(layout);
  try {
    await removeFile(fresh);
    await writeSynced(fresh, `${JSON.stringify(content, null, 2)}\n`);
    await movePath(fresh, join(layout.prefix, 'package.json'));
  } finally {
    await removeFile(fresh);
  }
}
