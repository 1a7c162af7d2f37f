import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Hold } from '../store/index.ts';
import { listLeftovers } from './installed.ts';
import { buildsDir, type PrefixLayout } from './layout.ts';

/** What is locked while the builds of a package change. */
export function packageHold(layout: PrefixLayout, name: string): string {
  return join(buildsDir(layout, name), 'install');
}

/** Other builds were replaced, or left by a process that was killed. */
export async function removeOtherBuilds(layout: PrefixLayout, name: string, hold: Hold) {
  const builds = buildsDir(layout, name);
  const others = await listLeftovers(layout, name);
  await hold.verifyHeld();
  for (const other of others) {
    if (other.endsWith('.lock')) continue;
    await removeTree(join(builds, other));
  }
}

/** A checkout may contain a link in place of the builds: following it would write and remove elsewhere. */
export async function verifyBuilds(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSymbolicLink() !== true) return;
  throw new CodexRuntimeError('PREFIX_INVALID', `${path} is a link to somewhere else.`, {
    hint: 'Remove it, and run the installation again.',
    fields: { path },
  });
}
