import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { exists } from '../../disk/exists.ts';
import { isBelow } from '../../disk/same-path.ts';
import { MANIFEST_NAME } from '../../store/index.ts';
import { buildsOf, metadataNames, type PythonDirectory } from './layout.ts';

/**
 * What is ours in a directory of Python packages: package, commands and metadata, in the order in
 * which they may be removed. Ours are links into our builds, also broken ones, and what pip installed
 * from a wheel of ours. Anything else stays, even under the same name.
 */
export async function ownedPaths(directory: PythonDirectory): Promise<readonly string[]> {
  const { prefix, importName } = directory;
  const names = await metadataNames(directory);
  const records = await Promise.all(names.map((name) => loadRecord(join(prefix, name))));
  const files = new Map(records.flat());
  const main = join(prefix, importName);
  const present = await exists(main);
  const ours =
    present &&
    ((await leadsTo(main, directory)) ??
      ((await exists(join(main, MANIFEST_NAME))) || files.has(`${importName}/${MANIFEST_NAME}`)));
  const metadata: string[] = [];
  for (const path of names.map((name) => join(prefix, name))) {
    // The metadata of somebody else's package of this name is theirs as well.
    if ((await leadsTo(path, directory)) ?? (ours || !present)) metadata.push(path);
  }
  return [...(ours ? [main] : []), ...(await ownedCommands(directory, files)), ...metadata];
}

/** Our link to the executable; and the script that pip made, unless somebody has written another. */
async function ownedCommands(
  directory: PythonDirectory,
  recorded: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const bin = join(directory.prefix, 'bin');
  const owned: string[] = [];
  for (const name of await readdir(bin).catch(() => [])) {
    const path = join(bin, name);
    const digest = recorded.get(`../../bin/${name}`);
    const ours = (await leadsTo(path, directory)) ?? (digest && (await digestOf(path)) === digest);
    if (ours) owned.push(path);
  }
  return owned;
}

/** Whether a link leads into the builds; undefined for what is no link. */
async function leadsTo(path: string, directory: PythonDirectory): Promise<boolean | undefined> {
  const text = await readlink(path).catch(() => undefined);
  if (text === undefined) return undefined;
  return isBelow(buildsOf(directory), resolve(dirname(path), text));
}

/**
 * What a wheel's RECORD says of each file: `sha256=` and the digest in base64url.
 * Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
async function loadRecord(metadata: string): Promise<readonly (readonly [string, string])[]> {
  const text = await readFile(join(metadata, 'RECORD'), 'utf8').catch(() => '');
  return text
    .split(/\r?\n/)
    .map((line) => line.split(','))
    .map(([path = '', digest = '']) => [path, digest] as const);
}

async function digestOf(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined) return undefined;
  return `sha256=${createHash('sha256').update(bytes).digest('base64url')}`;
}
