import { pathToFileURL } from 'node:url';

/**
 * What the module at an absolute path exports. The only `import()` of a path that is computed: the
 * command's bundles keep this file apart, because `require` stands for every other one there.
 */
export async function importModule(path: string): Promise<unknown> {
  return await import(pathToFileURL(path).href);
}
