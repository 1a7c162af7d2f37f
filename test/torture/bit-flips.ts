import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodexRuntimeError } from '../../src/errors.ts';
import { installRuntime } from '../../src/index.ts';
import { formatLock, parseLock } from '../../src/lockfile/index.ts';
import { loadInstalled, prefixLayout } from '../../src/place/index.ts';
import {
  describedFiles,
  findDamages,
  findRuntime,
  isWhole,
  listRuntimes,
  loadManifest,
  runtimeDir,
} from '../../src/store/index.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import type { Figures } from './experiment.ts';
import type { SeededRandom } from './seeded-random.ts';
import { makeSite, NEW, type Site, TARGET } from './site.ts';

export interface BitFlipOptions {
  /** In all; each kind of file gets its share. */
  readonly flips: number;
  readonly random: SeededRandom;
}

const KEY = { version: NEW, target: TARGET.triple, variant: 'package' as const };
const ARCHIVE = `codex-package-${TARGET.triple}.tar.gz`;

/** Says whether a flipped bit was noticed. */
type Detector = () => Promise<boolean>;

/**
 * Flips single bits in the archive, in the store's and the package's files and manifests, and in a
 * lockfile. Every one has to be noticed: by the installation, by the next look at the store, or by
 * verification where somebody has also put the file's time back.
 */
export async function flipBits({ flips, random }: BitFlipOptions): Promise<Figures> {
  await using site = await makeSite({ env: {} });
  const mirror = await fillDirectory(site);
  const { prefix } = site;
  await install(site, mirror);
  const store = runtimeDir(site.home, KEY);
  const layout = prefixLayout({ prefix, global: false, platform: 'linux' });
  const pack = join(layout.modules, 'codex-cli-bin');
  const lock = join(site.root, 'lock.json');
  await writeFile(lock, formatLock(sampleLock()));

  const installed = await loadInstalled(layout, 'codex-cli-bin');
  const described = installed === undefined ? [] : describedFiles(installed.runtime);

  const inStore: Detector = async () => {
    const manifest = await loadManifest(store);
    if (manifest === undefined || (await findRuntime(site.home, KEY)) === undefined) return true;
    return (await findDamages(store, manifest.files)).length > 0;
  };
  const inPackage: Detector = async () => {
    const found = await loadInstalled(layout, 'codex-cli-bin');
    if (found === undefined || !(await isWhole(pack, found.runtime))) return true;
    return (await findDamages(pack, describedFiles(found.runtime))).length > 0;
  };
  const kinds: Record<string, readonly [readonly string[], Detector]> = {
    archive: [[join(mirror, NEW, ARCHIVE)], () => refuses(site, mirror)],
    store: [await filesOf(store), inStore],
    storeManifest: [[join(store, 'runtime.json')], inStore],
    package: [described.map(({ path }) => join(pack, path)), inPackage],
    packageManifest: [[join(pack, 'runtime.json')], inPackage],
    lockfile: [[lock], async () => isRefused(await readFile(lock, 'utf8'))],
  };
  const figures: Record<string, number> = {};
  const failures: string[] = [];
  const share = Math.ceil(flips / Object.keys(kinds).length);
  for (const [kind, [paths, detect]] of Object.entries(kinds)) {
    for (let count = 0; count < share; count += 1) {
      const path = random.pick(paths);
      const flip = await flipBit(path, random);
      if (!(await detect())) failures.push(`${kind}: ${path} ${flip.what}`);
      await flip.undo();
      figures[kind] = (figures[kind] ?? 0) + 1;
    }
    const stored = await listRuntimes(join(site.root, 'refusing', 'home'));
    if (stored.length > 0) failures.push(`${kind}: stored after all`);
    if (await detect()) failures.push(`${kind}: what is whole again is refused`);
    await rm(join(site.root, 'refusing'), { recursive: true, force: true });
  }
  return { figures, failures };
}

async function flipBit(path: string, random: SeededRandom) {
  const bytes = await readFile(path);
  const { atime, mtime } = await stat(path);
  const [at, bit, hidden] = [random.below(bytes.length), random.below(8), random.below(2) === 0];
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8((flipped[at] ?? 0) ^ (1 << bit), at);
  await writeFile(path, flipped);
  if (hidden) await utimes(path, atime, mtime);
  const undo = async () => {
    await writeFile(path, bytes);
    await utimes(path, atime, mtime);
  };
  return { what: `byte ${at} bit ${bit}${hidden ? ', time put back' : ''}`, undo };
}

async function fillDirectory(site: Site): Promise<string> {
  const mirror = join(site.root, 'mirror');
  const dir = join(mirror, NEW);
  await mkdir(dir, { recursive: true });
  const { assets } = await miniatureRelease(NEW, { targets: [TARGET] });
  const asset = assets.find(({ name }) => name === ARCHIVE);
  if (asset === undefined) throw new Error('there is no package');
  const sha256 = createHash('sha256').update(asset.content).digest('hex');
  await writeFile(join(dir, ARCHIVE), asset.content);
  await writeFile(join(dir, 'SHA256SUMS'), `${sha256}  ${ARCHIVE}\n`);
  return mirror;
}

async function install({ root, env, home, prefix }: Site, mirror: string): Promise<void> {
  const source = `dir:${mirror}`;
  await installRuntime({ version: NEW, cwd: root, env, home, prefix, source });
}

/** Whether a home of its own refuses the archive over its bytes. */
async function refuses(site: Site, mirror: string): Promise<boolean> {
  const home = join(site.root, 'refusing');
  const prefix = join(home, 'prefix');
  const over = ['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'ARCHIVE_REFUSED'] as const;
  try {
    const trial = { ...site, home: join(home, 'home'), prefix };
    await install(trial, mirror);
    return false;
  } catch (error) {
    if (isCodexRuntimeError(error, ...over)) return true;
    throw error;
  }
}

async function filesOf(dir: string): Promise<readonly string[]> {
  const manifest = await loadManifest(dir);
  return (manifest?.files ?? []).map(({ path }) => join(dir, path));
}

function isRefused(text: string): boolean {
  try {
    parseLock(text, 'lock.json');
    return false;
  } catch (error) {
    if (isCodexRuntimeError(error, 'LOCK_INVALID')) return true;
    throw error;
  }
}

function sampleLock(): Parameters<typeof formatLock>[0] {
  const sha256 = createHash('sha256').update(NEW).digest('hex');
  const assets = [{ name: ARCHIVE, size: 1234, sha256 }];
  return {
    version: NEW,
    repo: 'openai/codex',
    targets: { [TARGET.triple]: { assets, entrypoint: { sha256 } } },
  };
}
