import { lstat, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Hold } from '../store/index.ts';
import { listLeftovers } from './installed.ts';
import { buildsDirs, type PrefixLayout } from './layout.ts';
import { ownsPrefixJson } from './prefix-json.ts';

/** Where the next build of the package goes; see {@link buildsDirs}. */
export async function buildsDir(layout: PrefixLayout, name: string): Promise<string> {
  const [inModules, inPrefix = inModules] = buildsDirs(layout, name);
  return (await ownsPrefixJson(layout, name)) ? inPrefix : inModules;
}

/** What is locked while the builds of a package change. */
export async function packageHold(layout: PrefixLayout, name: string): Promise<string> {
  return join(await buildsDir(layout, name), 'install');
}

/** Other builds were replaced, or left by a process that was killed. */
export async function removeOtherBuilds(layout: PrefixLayout, name: string, hold: Hold) {
  const others = await listLeftovers(layout, name);
  await hold.verifyHeld();
  for (const other of others) {
    if (other.endsWith('.lock')) continue;
    await removeTree(other);
  }
}

/** Removes the directories of builds that are empty: after an uninstallation, or a move to the other. */
export async function removeEmptyBuilds(layout: PrefixLayout, name: string): Promise<void> {
  for (const builds of buildsDirs(layout, name)) await rmdir(builds).catch(() => undefined);
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
