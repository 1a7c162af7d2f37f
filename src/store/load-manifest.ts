import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../disk/errno.ts';
import { isSealed } from './inspect-file.ts';
import type { RuntimeDescription, RuntimeManifest } from './manifest.ts';
import { parseDescription, parseManifest } from './parse-manifest.ts';

/** The manifest's name in a runtime's root, in the store and in packages. */
export const MANIFEST_NAME = 'runtime.json';

/** The manifest in `dir`, or undefined where there is none that this version understands. */
export async function loadManifest(dir: string): Promise<RuntimeManifest | undefined> {
  return parseManifest(await readText(dir));
}

/** As {@link loadManifest}, for the part of a manifest that packages have too. */
export async function loadDescription(dir: string): Promise<RuntimeDescription | undefined> {
  return parseDescription(await readText(dir));
}

/**
 * As {@link loadDescription}, for a run that wants to know whether there is something to do: a
 * description that is sealed is believed as the files are, by its time, and not hashed.
 */
export function glanceDescription(dir: string): RuntimeDescription | undefined {
  let file: number | undefined;
  try {
    file = openSync(join(dir, MANIFEST_NAME), 'r');
    const stats = fstatSync(file);
    return parseDescription(readFileSync(file, 'utf8'), { believed: isSealed(stats) });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Empty where it cannot be read, which is no manifest either. */
async function readText(dir: string): Promise<string> {
  return await readFile(join(dir, MANIFEST_NAME), 'utf8').catch(() => '');
}
