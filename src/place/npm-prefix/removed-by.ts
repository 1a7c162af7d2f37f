import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageManager } from '../../events.ts';
import { asJsonObject } from '../../json.ts';
import type { PrefixLayout } from './layout.ts';
import { loadPrefixJson } from './prefix-json.ts';

/**
 * The manager that removes the package or its command with its next change to the prefix, because
 * a package.json of the user's own does not name it. Null where none does, and where a script of
 * that package.json runs codex-runtime, which brings it back.
 */
export async function removedBy(
  layout: PrefixLayout,
  name: string,
): Promise<PackageManager | null> {
  if (layout.global) return null;
  const present = await loadPrefixJson(layout);
  if (present === undefined) return null;
  const { dependencies, scripts, packageManager } = present;
  if (asJsonObject(dependencies)[name] !== undefined) return null;
  const runs = Object.values(asJsonObject(scripts)).filter((script) => typeof script === 'string');
  if (runs.some((script) => /\bcodex-runtime\b.*\binstall\b/.test(script))) return null;
  return await managerOf(layout, packageManager);
}

/** By its lockfile, else by what package.json says. */
async function managerOf(
  { prefix }: PrefixLayout,
  packageManager: unknown,
): Promise<PackageManager | null> {
  const read = (file: string) => readFile(join(prefix, file), 'latin1').catch(() => undefined);
  if ((await read('pnpm-lock.yaml')) !== undefined) return 'pnpm';
  const yarn = await read('yarn.lock');
  if (yarn !== undefined) return yarn.includes('# yarn lockfile v1') ? 'yarn' : null;
  const [, name, major] = /^(\w+)@(\d+)/.exec(String(packageManager)) ?? [];
  if (name === 'yarn') return major === '1' ? 'yarn' : null;
  return name === 'pnpm' ? 'pnpm' : 'npm';
}
