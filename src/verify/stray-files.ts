import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describedFiles, MANIFEST_NAME, type RuntimeDescription } from '../store/index.ts';

/**
 * What lies beside a runtime's files and was never verified: Codex runs what it finds there.
 * @param whole whether `root` holds a runtime and nothing else, as in the store; in a package only
 * the runtime's own directories are looked at
 * @returns paths relative to `root`, with `/`
 */
export async function strayFiles(
  root: string,
  runtime: RuntimeDescription,
  whole: boolean,
): Promise<readonly string[]> {
  const known = new Set(describedFiles(runtime).map(({ path }) => path));
  const folders = new Set(runtime.files.flatMap(({ path }) => path.split('/', 2).slice(0, -1)));
  const inFolders = await Promise.all([...folders].map((folder) => filesBelow(root, folder)));
  const atRoot = whole ? (await entries(root)).map(({ name }) => name) : [];
  const own = (name: string) => name === MANIFEST_NAME || folders.has(name);
  return [...atRoot.filter((name) => !own(name)), ...inFolders.flat()]
    .filter((path) => !known.has(path))
    .sort();
}

async function filesBelow(root: string, folder: string): Promise<readonly string[]> {
  const found = await Promise.all(
    (await entries(join(root, folder))).map(async (entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? await filesBelow(root, path) : [path];
    }),
  );
  return found.flat();
}

/** A directory that cannot be read shows in the damages of its files. */
async function entries(dir: string) {
  return await readdir(dir, { withFileTypes: true }).catch(() => []);
}
