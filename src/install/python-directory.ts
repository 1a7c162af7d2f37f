import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { ignoreMissing } from '../disk/errno.ts';

/**
 * Lets pip install into a directory beside packages of others. pip itself is trusted with an empty
 * directory only: with `--upgrade` it removes the commands of other packages
 * (https://github.com/pypa/pip/issues/8063) and leaves metadata of earlier versions, of which Python
 * then reads one or another (https://github.com/pypa/pip/issues/13763).
 * @param importName the package whose earlier versions give way
 * @param install fills the empty directory that it is given
 * @throws whatever `install` throws; the disk's own failures
 */
export async function installIntoDirectory(
  prefix: string,
  importName: string,
  install: (directory: string) => Promise<void>,
): Promise<void> {
  const fresh = await makeFresh(prefix);
  try {
    await install(fresh);
    await moveIn(fresh, prefix, importName);
  } catch (error) {
    throw diskError(error, 'install the Python package', prefix);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function makeFresh(prefix: string): Promise<string> {
  try {
    await mkdir(prefix, { recursive: true });
    return await mkdtemp(join(prefix, '.codex-runtime-'));
  } catch (error) {
    throw diskError(error, 'make the directory', prefix);
  }
}

/** Renames on one file system: each entry is the old one or the new one. */
async function moveIn(fresh: string, prefix: string, importName: string): Promise<void> {
  const replaced = await mkdtemp(join(fresh, 'replaced-'));
  const entries = await readdir(fresh, { withFileTypes: true });
  const metadata = new RegExp(`^${importName}-[^-]+\\.dist-info$`);
  const stale = (await readdir(prefix)).filter((name) => metadata.test(name));
  for (const name of stale) await rename(join(prefix, name), join(replaced, name));
  for (const { name } of entries) {
    const from = join(fresh, name);
    if (from === replaced) continue;
    if (name === 'bin') await moveCommands(from, join(prefix, name));
    else {
      await rename(join(prefix, name), join(replaced, name)).catch(ignoreMissing);
      await rename(from, join(prefix, name));
    }
  }
}

async function moveCommands(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) await rename(join(from, name), join(to, name));
}
