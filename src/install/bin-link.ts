import { lstat, readlink, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { exists } from '../disk/exists.ts';
import { syncDirectory } from '../disk/sync-directory.ts';
import { movePath, removeFile } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { PackagePlan } from '../stage/index.ts';
import type { PrefixLayout } from './layout.ts';

/** The part of a package, planned or installed, that its link depends on. */
type Linked = Pick<PackagePlan, 'name' | 'executable'>;

/** The link (on Windows the `.cmd` shim) that npm makes for the package's executable. */
export function binLink(layout: PrefixLayout, { executable }: Linked): string {
  return join(layout.bin, executable?.endsWith('.exe') === true ? 'codex.cmd' : 'codex');
}

/** Where the link leads: the executable through the package's link, so that it outlives upgrades. */
function destination(layout: PrefixLayout, { name, executable }: Linked): string {
  return join(layout.modules, name, ...(executable ?? '').split('/'));
}

/** Links `codex` to the package's executable; without `replace` only where nothing is there. */
export async function linkBin(
  layout: PrefixLayout,
  linked: Linked,
  options: { readonly replace: boolean },
): Promise<void> {
  const link = binLink(layout, linked);
  if (!options.replace && (await exists(link))) return;
  if (link.endsWith('.cmd')) {
    // A shim is made from the file that it runs, so it can only follow the package.
    if (!options.replace) return;
    const { default: cmdShim } = await import('cmd-shim');
    await cmdShim(destination(layout, linked), link.slice(0, -'.cmd'.length));
    return;
  }
  const leadsTo = relative(layout.bin, destination(layout, linked));
  if ((await readlink(link).catch(() => undefined)) === leadsTo) return;
  const fresh = freshLink(link);
  await removeFile(fresh);
  await symlink(leadsTo, fresh);
  await movePath(fresh, link).finally(() => removeFile(fresh));
  await syncDirectory(layout.bin);
}

/** Removes the link if it leads to the package. */
export async function unlinkBin(layout: PrefixLayout, linked: Linked): Promise<void> {
  if (!(await isOurs(layout, linked))) return;
  const link = binLink(layout, linked);
  await removeFile(link);
  if (!link.endsWith('.cmd')) return;
  const stem = link.slice(0, -'.cmd'.length);
  for (const shim of [stem, `${stem}.ps1`]) await removeFile(shim);
}

/**
 * Refuses, before anything changes, a directory in the link's place, which a rename cannot replace.
 * In a global prefix, which everybody on the machine shares, it also refuses a `codex` of somebody
 * else's unless `force` is set, as `npm install -g` does.
 * @throws CodexRuntimeError `PREFIX_INVALID`
 */
export async function verifyBin(
  layout: PrefixLayout,
  linked: Linked,
  { force }: { readonly force: boolean },
): Promise<void> {
  const link = binLink(layout, linked);
  for (const path of [link, freshLink(link)]) await refuseDirectory(path);
  if (force || !layout.global || (await isOurs(layout, linked))) return;
  if (!(await exists(link))) return;
  throw new CodexRuntimeError('PREFIX_INVALID', `${link} belongs to another package.`, {
    hint: 'Remove it (npm uninstall -g @openai/codex), or run again with --force to replace it.',
    fields: { path: link },
  });
}

async function refuseDirectory(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isDirectory() !== true) return;
  throw new CodexRuntimeError('PREFIX_INVALID', `${path} is a directory, where a link has to be.`, {
    hint: 'Move it away, and run the installation again.',
    fields: { path },
  });
}

/** Always the same name, so that what a killed run left is taken up by the next. */
function freshLink(link: string): string {
  return `${link}.new`;
}

async function isOurs(layout: PrefixLayout, linked: Linked): Promise<boolean> {
  const link = binLink(layout, linked);
  // A shim does not tell where it leads; whether the package is here decides.
  if (link.endsWith('.cmd')) return await exists(join(layout.modules, linked.name));
  const leadsTo = await readlink(link).catch(() => undefined);
  return leadsTo === relative(layout.bin, destination(layout, linked));
}
