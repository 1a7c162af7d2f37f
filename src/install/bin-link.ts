import { lstat, readFile, readlink, symlink } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
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
 * Unless `force` is set it also refuses a `codex` that no package of the prefix owns, which nobody
 * could give back; and in a global prefix, which everybody on the machine shares, one of another
 * package, as `npm install -g` does.
 * @throws CodexRuntimeError `PREFIX_INVALID`
 */
export async function verifyBin(
  layout: PrefixLayout,
  linked: Linked,
  { force }: { readonly force: boolean },
): Promise<void> {
  const link = binLink(layout, linked);
  for (const path of [link, freshLink(link)]) await refuseDirectory(path);
  if (force) return;
  const owner = await binOwner(layout, linked);
  if (owner.kind === 'none' || owner.kind === 'ours') return;
  if (owner.kind === 'unknown') {
    throw new CodexRuntimeError(
      'PREFIX_INVALID',
      `${link} was made neither by codex-runtime nor by a package here.`,
      {
        hint: 'Move it away, or run again with --force to replace it.',
        fields: { path: link },
      },
    );
  }
  if (!layout.global) return;
  throw new CodexRuntimeError('PREFIX_INVALID', `${link} is the command of ${owner.name}.`, {
    hint: `Remove that package (npm uninstall -g ${owner.name}), or run again with --force to replace its command.`,
    fields: { path: link, package: owner.name },
  });
}

/** Whose `codex` is where ours goes. */
export type BinOwner =
  | { readonly kind: 'none' }
  | { readonly kind: 'ours' }
  | { readonly kind: 'unknown' }
  /** A package of the same prefix, by its name. */
  | { readonly kind: 'package'; readonly name: string };

/** Says whose `codex` is where the link of `linked` goes. */
export async function binOwner(layout: PrefixLayout, linked: Linked): Promise<BinOwner> {
  const link = binLink(layout, linked);
  if (!(await exists(link))) return { kind: 'none' };
  if (await isOurs(layout, linked)) return { kind: 'ours' };
  const name = await packageBehind(link, layout);
  if (name === undefined) return { kind: 'unknown' };
  return name === linked.name ? { kind: 'ours' } : { kind: 'package', name };
}

/** The package that a command leads into: by its link, or by the shim that npm, pnpm or yarn wrote. */
async function packageBehind(link: string, layout: PrefixLayout): Promise<string | undefined> {
  const text = await readlink(link).catch(() => undefined);
  const path = text ?? (await shimTarget(link));
  if (path === undefined) return undefined;
  const within = relative(layout.modules, resolve(layout.bin, path)).replaceAll('\\', '/');
  return /^((?:@[^/.][^/]*\/)?[^/.][^/]*)\//.exec(within)?.[1];
}

async function shimTarget(link: string): Promise<string | undefined> {
  const { size } = await lstat(link);
  const text = size > MAX_SHIM ? '' : await readFile(link, 'latin1').catch(() => '');
  // `"$basedir/../@openai/codex/bin/codex.js"`, and in a .cmd `"%~dp0\..\@openai\codex\bin\codex.js"`.
  return /"(?:\$basedir|%~?dp0%?)[/\\]([^"$%]+)"\s+(?:"\$@"|%\*)/
    .exec(text)?.[1]
    ?.replaceAll('\\', '/');
}

const MAX_SHIM = 8192;

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
