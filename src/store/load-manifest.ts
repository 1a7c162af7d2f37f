import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeManifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';

/** The manifest's name in a runtime's root, in the store and in packages. */
export const MANIFEST_NAME = 'runtime.json';

/** The manifest in `dir`, or undefined where there is none that this version understands. */
export async function loadManifest(dir: string): Promise<RuntimeManifest | undefined> {
  const text = await readFile(join(dir, MANIFEST_NAME), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseManifest(text);
}
