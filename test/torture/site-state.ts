import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { loadInstalled, prefixLayout } from '../../src/place/index.ts';
import {
  describedFiles,
  findDamages,
  findRuntime,
  loadManifest,
  runtimeDir,
} from '../../src/store/index.ts';
import { runProgram, type Site, TARGET } from './site.ts';

const NAME = 'codex-cli-bin';

/** What is wrong with a store or a prefix that has to be whole. */
class BrokenState extends Error {
  override readonly name = 'BrokenState';
}

/**
 * Whether the store has `version`, with every byte hashed.
 * @throws BrokenState when a part of it is there
 */
export async function storeHas(home: string, version: string): Promise<boolean> {
  const key = { version, target: TARGET.triple, variant: 'package' as const };
  const dir = runtimeDir(home, key);
  if (!(await exists(dir))) return false;
  const manifest = await loadManifest(dir);
  if (manifest === undefined) throw new BrokenState(`${dir} has no manifest`);
  const damages = await findDamages(dir, manifest.files);
  if (damages.length > 0) throw new BrokenState(`${dir}: ${JSON.stringify(damages)}`);
  if ((await findRuntime(home, key)) === undefined) throw new BrokenState(`${dir} is not found`);
  return true;
}

/**
 * The version that the prefix holds, with every byte hashed and the command run; null for none.
 * @throws BrokenState when it holds anything but one whole package
 */
export async function prefixVersion(prefix: string): Promise<string | null> {
  const layout = prefixLayout({ prefix, global: false, platform: 'linux' });
  const dir = join(layout.modules, NAME);
  if (!(await exists(dir))) return null;
  const found = await loadInstalled(layout, NAME);
  if (found === undefined) throw new BrokenState(`${dir} has no manifest`);
  const files = describedFiles(found.runtime);
  const damages = await findDamages(dir, files);
  if (damages.length > 0) throw new BrokenState(`${dir}: ${JSON.stringify(damages)}`);
  const described: unknown = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
  const { version } = described as { version?: unknown };
  if (version !== found.version)
    throw new BrokenState(`package.json ${version}, not ${found.version}`);
  for (const own of ['index.js', 'index.d.ts', 'package.json', 'README.md', 'LICENSE']) {
    if (!files.some(({ path }) => path === own)) throw new BrokenState(`nobody vouches for ${own}`);
  }
  const command = join(layout.bin, 'codex');
  if ((await realpath(command)) !== (await realpath(found.executable))) {
    throw new BrokenState(`${command} leads elsewhere`);
  }
  const { stdout } = await runProgram(command, ['--version'], {});
  if (stdout !== `codex-cli ${version}\n`) throw new BrokenState(`${command} says ${stdout}`);
  return found.version;
}

/** What a finished installation of `versions` leaves, as patterns below the site's root. */
function expected(versions: readonly string[]): readonly RegExp[] {
  const any = versions.map((version) => version.replaceAll('.', '\\.')).join('|');
  const runtime = `home/store/(${any})/${TARGET.triple}/package`;
  return [
    /^home\/(store|partial|staging|locks|prefixes|used)$/,
    new RegExp(`^home/used/(${any})_${TARGET.triple}_package$`),
    /^home\/prefixes\/[0-9a-f]{32}\.json$/,
    new RegExp(`^home/store/(${any})(/${TARGET.triple})?$`),
    new RegExp(`^${runtime}(/|$)`),
    /^prefix\/(package\.json|node_modules|node_modules\/\.bin|node_modules\/\.bin\/codex)$/,
    /^prefix\/(node_modules\/codex-cli-bin|\.codex-cli-bin)$/,
  ];
}

/**
 * Everything below the site's root that a finished installation does not leave there. One build of
 * the package is expected: the one that the package's link leads to.
 */
export async function residue(site: Site, versions: readonly string[]): Promise<readonly string[]> {
  const patterns = expected(versions);
  const link = join(site.prefix, 'node_modules', NAME);
  const build = await realpath(link).catch(() => undefined);
  const left: string[] = [];
  const stack = [site.home, site.prefix];
  for (let dir = stack.pop(); dir !== undefined; dir = stack.pop()) {
    for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
      const path = join(dir, entry.name);
      if (path === build) continue;
      // A build lies in a directory of its own, under the package's name, and alone.
      if (build !== undefined && path === dirname(build)) {
        stack.push(path);
        continue;
      }
      const name = relative(site.root, path);
      if (!patterns.some((pattern) => pattern.test(name))) left.push(name);
      else if (entry.isDirectory()) stack.push(path);
    }
  }
  return left.sort();
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
