import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Empty where it cannot be read, which is no manifest either. */
async function readText(dir: string): Promise<string> {
  return await readFile(join(dir, MANIFEST_NAME), 'utf8').catch(() => '');
}
