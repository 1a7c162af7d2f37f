import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { exists } from '../../disk/exists.ts';
import {
  findDamages,
  loadDescription,
  MANIFEST_NAME,
  type RuntimeDescription,
} from '../../store/index.ts';
import { healSwitch } from '../heal-switch.ts';
import { buildsOf, currentOf, holdOf } from './layout.ts';

/**
 * The description in the package at `dir`: null where it cannot be understood, undefined where there
 * is no package of ours.
 */
export async function loadPythonRuntime(
  dir: string,
): Promise<RuntimeDescription | null | undefined> {
  if (!(await exists(join(dir, MANIFEST_NAME))) && !(await healDirectory(dir))) return undefined;
  return (await loadDescription(dir)) ?? null;
}

/** A kill between the two renames of `current`, as Windows needs them, hides a whole package. */
async function healDirectory(dir: string): Promise<boolean> {
  const directory = { prefix: dirname(dir), importName: basename(dir) };
  return await healSwitch({
    path: currentOf(directory),
    builds: [buildsOf(directory)],
    hold: async () => holdOf(directory),
  });
}

/**
 * Whether every file of the runtime has its size, and the package's own files are as they were
 * installed. pip gives files times and modes of its own, so no seal tells: to be sure of the bytes
 * they have to be hashed.
 */
export async function isPythonPackageWhole(
  dir: string,
  runtime: RuntimeDescription,
): Promise<boolean> {
  for (const { path, size } of runtime.files) {
    const stats = await stat(join(dir, path)).catch(() => null);
    if (stats?.size !== size) return false;
  }
  const damages = await findDamages(dir, runtime.packageFiles ?? []);
  return damages.every(({ kind }) => kind === 'mode');
}
