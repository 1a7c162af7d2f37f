import { constants } from 'node:fs';
import { chmod, copyFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { throwIfAborted } from '../../abort.ts';
import { diskError } from '../../disk/disk-error.ts';
import { ignoreMissing, isErrno } from '../../disk/errno.ts';
import { makeDirectory } from '../../disk/make-directory.ts';
import { realPath } from '../../disk/real-path.ts';
import { movePath, removeTree } from '../../disk/until-unblocked.ts';
import { verifyWritable } from '../../disk/verify-writable.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { type HoldWait, workOnce } from '../../store/index.ts';
import type { PackagePlan, PlannedFile } from './package-plan.ts';

/**
 * Writes a package as a directory of its own, whole or not at all. Files are cloned where the file
 * system can and copied elsewhere, never linked: whoever edits them must not edit the store.
 * @param directory missing or empty
 * @throws CodexRuntimeError `PREFIX_INVALID` when it holds files; `ABORTED`; `STORE_BUSY`; the disk's own failures
 */
export async function writePackage(
  plan: PackagePlan,
  directory: string,
  wait: HoldWait,
): Promise<void> {
  const out = await verifyPackageDirectory(directory);
  const write = async () => {
    await refuseOccupied(out);
    await writeWhole(plan, out, wait.signal);
  };
  // Another one would write to the same working directory.
  const path = join(dirname(out), `.${basename(out)}`);
  await workOnce({ path, named: 'out', work: write, ...wait });
}

/**
 * Refuses a directory that cannot become a package, also before what goes into it is fetched; makes
 * nothing.
 * @returns where it lies
 * @throws CodexRuntimeError `PREFIX_INVALID` when it holds files; the disk's own failures
 */
export async function verifyPackageDirectory(directory: string): Promise<string> {
  // Where a link leads: a rename would take the link's own place.
  const out = await realPath(directory).catch(() => resolve(directory));
  await refuseOccupied(out);
  try {
    await verifyWritable(dirname(out));
  } catch (error) {
    throw diskError(error, 'make the package directory', out, 'out');
  }
  return out;
}

async function writeWhole(
  plan: PackagePlan,
  out: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const work = join(dirname(out), `.${basename(out)}.staging`);
  try {
    await removeTree(work);
    for (const file of plan.files) {
      throwIfAborted(signal);
      await writePlanned(file, join(work, file.path));
    }
    await rmdir(out).catch(ignoreMissing);
    await movePath(work, out);
  } catch (error) {
    await removeTree(work);
    throw diskError(error, `stage ${plan.name}`, out, 'out');
  }
}

/** Without EXCL libuv cuts the new file to nothing first, and ext4 then writes it all out at its close. */
const NEW_COPY = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL;

async function writePlanned(file: PlannedFile, path: string): Promise<void> {
  await makeDirectory(dirname(path));
  if ('content' in file) await writeFile(path, file.content);
  else await copyFile(file.from, path, NEW_COPY);
  // Not through open: the umask would take bits away.
  await chmod(path, file.mode);
}

async function refuseOccupied(out: string): Promise<void> {
  const names = await readdir(out).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    if (isErrno(error, 'ENOTDIR')) return [basename(out)];
    throw diskError(error, 'read', out);
  });
  const [first] = names;
  if (first === undefined) return;
  throw new CodexRuntimeError('PREFIX_INVALID', `The directory ${out} holds ${first} already.`, {
    hint: 'Name an empty or new directory with --out.',
    fields: { path: out, file: first },
  });
}
