import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A directory of Python packages, as `pip install --target` makes them, and our package in it. */
export interface PythonDirectory {
  /** Absolute. */
  readonly prefix: string;
  readonly importName: string;
}

/** Where the builds of the package lie, hidden from Python, which imports no such name. */
export function buildsOf({ prefix, importName }: PythonDirectory): string {
  return join(prefix, `.${importName}`);
}

/** The link that leads to the present build. */
export function currentOf(directory: PythonDirectory): string {
  return join(buildsOf(directory), 'current');
}

/** What is locked while the package changes. */
export function holdOf(directory: PythonDirectory): string {
  return join(buildsOf(directory), 'install');
}

/** The names in the directory under which Python finds metadata of the package, of any version. */
export async function metadataNames({
  prefix,
  importName,
}: PythonDirectory): Promise<readonly string[]> {
  const pattern = new RegExp(`^${importName}-[^-]+\\.dist-info$`);
  return (await readdir(prefix).catch(() => [])).filter((name) => pattern.test(name));
}
