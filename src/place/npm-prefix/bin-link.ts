import { lstat, readlink, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { exists } from '../../disk/exists.ts';
import { realPath } from '../../disk/real-path.ts';
import { isSamePath } from '../../disk/same-path.ts';
import { syncDirectory } from '../../disk/sync-directory.ts';
import { movePath, removeFile, untilUnblocked } from '../../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { PackagePlan } from '../../package/stage/index.ts';
import type { RuntimeDescription } from '../../store/index.ts';
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

/**
 * Links `codex` to the package's executable; without `replace` only where nothing is there. A file
 * system without links, and Windows for a build of another system, have no such command: what runs
 * there is the executable itself.
 */
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
    await untilUnblocked(() => cmdShim(destination(layout, linked), stemOf(link)));
    return;
  }
  const leadsTo = relative(layout.bin, destination(layout, linked));
  if ((await readlink(link).catch(() => undefined)) === leadsTo) return;
  const fresh = freshLink(link);
  await removeFile(fresh);
  try {
    await symlink(leadsTo, fresh);
  } catch (error) {
    if (await isOptional(layout, linked)) return;
    throw error;
  }
  await movePath(fresh, link).finally(() => removeFile(fresh));
  await syncDirectory(layout.bin);
}

/** Removes the link, or each of the shims, if it leads to the package. */
export async function unlinkBin(layout: PrefixLayout, linked: Linked): Promise<void> {
  for (const path of commands(layout, linked)) {
    if (await leadsThere(path, destination(layout, linked))) await removeFile(path);
  }
}

/** Whether `codex` leads to the package's executable, in every form that a shell may take. */
export async function leadsToPackage(
  layout: PrefixLayout,
  { name, executable, runtime }: { name: string; executable: string; runtime: RuntimeDescription },
): Promise<boolean> {
  const linked = { name, executable: runtime.entrypoint };
  const link = binLink(layout, linked);
  if (link.endsWith('.cmd')) {
    if (!(await exists(link))) return false;
    for (const path of commands(layout, linked)) {
      if ((await exists(path)) && !(await leadsThere(path, executable))) return false;
    }
    return true;
  }
  const [command, direct] = await Promise.all([realOf(link), realOf(executable)]);
  if (command !== undefined) return command === direct;
  return !(await exists(link)) && (await isOptional(layout, linked));
}

/** Where no link can be made: beside a package that is not a link itself, and on Windows. */
async function isOptional(layout: PrefixLayout, { name }: Linked): Promise<boolean> {
  if (process.platform === 'win32') return true;
  return (await lstat(join(layout.modules, name)).catch(() => undefined))?.isDirectory() === true;
}

/** Every file that makes the command: PowerShell prefers the second, Unix shells take the third. */
function commands(layout: PrefixLayout, linked: Linked): readonly string[] {
  const link = binLink(layout, linked);
  return link.endsWith('.cmd') ? [link, `${stemOf(link)}.ps1`, stemOf(link)] : [link];
}

function stemOf(link: string): string {
  return link.slice(0, -'.cmd'.length);
}

/** Whether a command is a link, or a shim of npm's making, that leads to `executable`. */
async function leadsThere(path: string, executable: string): Promise<boolean> {
  const text = (await readlink(path).catch(() => undefined)) ?? (await shimTarget(path));
  return text !== undefined && isSamePath(resolve(dirname(path), text), executable);
}

async function realOf(path: string): Promise<string | undefined> {
  return await realPath(path).catch(() => undefined);
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
      `${owner.path} was made neither by codex-runtime nor by a package here.`,
      {
        hint: 'Move it away, or run again with --force to replace it.',
        fields: { path: owner.path },
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
  | { readonly kind: 'unknown'; readonly path: string }
  /** A package of the same prefix, by its name. */
  | { readonly kind: 'package'; readonly name: string };

/** Says whose `codex` is where the link of `linked` goes. */
export async function binOwner(layout: PrefixLayout, linked: Linked): Promise<BinOwner> {
  let owner: BinOwner = { kind: 'none' };
  for (const path of commands(layout, linked)) {
    if (!(await exists(path))) continue;
    owner = await commandOwner(path, layout, linked);
    if (owner.kind !== 'ours') return owner;
  }
  return owner;
}

async function commandOwner(path: string, layout: PrefixLayout, linked: Linked): Promise<BinOwner> {
  if (await leadsThere(path, destination(layout, linked))) return { kind: 'ours' };
  const name = await packageBehind(path, layout);
  if (name === undefined) return { kind: 'unknown', path };
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

/** Where a shim leads that npm, pnpm or yarn wrote, relative to its directory. */
async function shimTarget(path: string): Promise<string | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isFile() !== true || stats.size > MAX_SHIM) return undefined;
  const { default: readCmdShim } = await import('read-cmd-shim');
  const target = await readCmdShim(path).catch(() => undefined);
  return target?.replaceAll('\\', '/');
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
