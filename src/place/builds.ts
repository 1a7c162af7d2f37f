import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeEmpty } from '../disk/made-directories.ts';
import { movePath, tryRemoveTree } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Hold } from '../store/index.ts';
import { listOtherBuilds } from './npm-prefix/installed.ts';
import { buildsDirs, type PrefixLayout } from './npm-prefix/layout.ts';
import { MOVED_ASIDE } from './relink.ts';

/** A build or a package that could not be removed, and stays for the next run to remove. */
export interface Leftover {
  /** Absolute. */
  readonly path: string;
  /** Whether a program is the likely reason: it runs from there, or has a file open. */
  readonly inUse: boolean;
}

/**
 * Other builds were replaced, or left by a process that was killed. One that cannot be removed, as
 * on Windows while its program runs, does not fail what was done before.
 * @returns what stays
 */
export async function removeOtherBuilds(
  layout: PrefixLayout,
  name: string,
  hold: Hold,
): Promise<readonly Leftover[]> {
  const others = await listOtherBuilds(layout, name);
  await hold.verifyHeld();
  const left: Leftover[] = [];
  for (const other of others) {
    const path = await retire(other);
    if (!(await tryRemoveTree(path))) left.push({ path, inUse: process.platform === 'win32' });
  }
  return left;
}

/** What was moved aside by a switch that is over must not be taken for the package again. */
async function retire(path: string): Promise<string> {
  if (!path.endsWith(MOVED_ASIDE)) return path;
  const retired = `${path.slice(0, -MOVED_ASIDE.length)}.old`;
  return await movePath(path, retired).then(
    () => retired,
    () => path,
  );
}

/** Removes the directories of builds that are empty: after an uninstallation, or a move to the other. */
export async function removeEmptyBuilds(layout: PrefixLayout, name: string): Promise<void> {
  const builds = buildsDirs(layout, name);
  // Those of a package with a scope lie in a directory of the scope's.
  const scopes = name.includes('/') ? builds.map((dir) => dirname(dir)) : [];
  await removeEmpty([...builds, ...scopes]);
}

/** A checkout may contain a link in place of the builds: following it would write and remove elsewhere. */
export async function verifyBuilds(...places: readonly string[]): Promise<void> {
  for (const path of places) {
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isSymbolicLink() !== true) continue;
    throw new CodexRuntimeError('PREFIX_INVALID', `${path} is a link to another place.`, {
      hint: 'Remove it, and run the installation again.',
      fields: { path },
    });
  }
}
