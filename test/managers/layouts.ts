import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, extract } from 'tar';
import { DEFAULT_PACKAGE_NAME as NAME } from '../../src/package/stage/index.ts';
import { packMiniatures } from '../support/packed-release.ts';
import { tempDir } from '../support/temp-dir.ts';

/** The packages of a release, as they are and as aliases of one name would be. */
export interface Layouts {
  /** `codex-cli-bin` and `codex-cli-bin-linux-x64`, …: what `pack` makes. */
  readonly names: readonly Buffer[];
  /** `codex-cli-bin@0.115.0-linux-x64`, …, under the same names in `node_modules`: upstream's way. */
  readonly aliases: readonly Buffer[];
  readonly packageNames: readonly string[];
}

export async function packLayouts(): Promise<Layouts> {
  const { out, files } = await packMiniatures({ ecosystems: ['node'] });
  const tarballs = files.filter(({ path }) => path.endsWith('.tgz'));
  const paths = tarballs.map(({ path }) => join(out, path));
  return {
    names: await Promise.all(paths.map((path) => readFile(path))),
    aliases: await Promise.all(paths.map(asAlias)),
    packageNames: tarballs.map(({ path }) => path.replace(/-\d.*$/, '')),
  };
}

async function asAlias(file: string): Promise<Buffer> {
  const dir = await tempDir();
  await extract({ file, cwd: dir });
  const path = join(dir, 'package/package.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  const { name, version, optionalDependencies } = manifest;
  if (name === NAME) {
    const aliases = Object.keys(optionalDependencies).map((each) => [
      each,
      `npm:${NAME}@${version}${each.slice(NAME.length)}`,
    ]);
    manifest.optionalDependencies = Object.fromEntries(aliases);
  } else {
    manifest.version = `${version}${name.slice(NAME.length)}`;
    manifest.name = NAME;
  }
  await writeFile(path, JSON.stringify(manifest));
  const packed = join(dir, 'alias.tgz');
  await create({ cwd: dir, file: packed, gzip: true, portable: true }, ['package']);
  return readFile(packed);
}
