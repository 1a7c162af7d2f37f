import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import type { Asset, Digest, Release } from '../asset.ts';
import { errnoOf, isErrno } from '../disk/errno.ts';
import { isCodexRuntimeError } from '../errors.ts';
import type { OnProgress } from '../events.ts';
import { unavailable } from '../fetch/http/index.ts';
import { newestFirst, tryParseVersion, type Version } from '../pin/index.ts';
import type { Target } from '../target/index.ts';
import { type AssetShape, CHECKSUMS_ASSET, npmAsset, releaseAssets } from './asset-name.ts';
import { type ReleaseChannel, releaseNotFound } from './release-channel.ts';
import { parseChecksums } from './release-document.ts';
import { readManifests, withManifests } from './release-manifest.ts';

/** A line takes some hundred bytes. */
const MAX_LIST_BYTES = 2 ** 20;

/** Holds `<hex>  <name>` lines for every asset beside it, as `sha256sum` writes and checks them. */
export const DIR_CHECKSUMS = 'SHA256SUMS';

/**
 * A local directory, for machines without a network: `<path>/<version>/` holds assets under
 * their release names and a `SHA256SUMS`. `codex-runtime download` fills one; so do `sha256sum *`
 * and a browser. The version is a directory because most asset names do not say it.
 */
export function dirChannel(path: string, cwd: string, onProgress?: OnProgress): ReleaseChannel {
  const root = resolve(cwd, path);
  return {
    name: 'dir',
    async release(version, targets, signal): Promise<Release> {
      throwIfAborted(signal);
      const dir = join(root, version.semver);
      await verifyPresent(root);
      if ((await statIfPresent(dir)) === null) throw releaseNotFound('dir', version);
      const sums = await loadChecksums(dir);
      const assets = await Promise.all(
        targets.flatMap((target) =>
          shapes(version, target).map((shape) => assetIn({ dir, shape, target, sums })),
        ),
      );
      const present = assets.filter((asset) => asset !== undefined);
      const manifests = await readManifests({
        channel: 'dir',
        version,
        names: await readdir(dir).catch(() => []),
        read: (name) => readList(join(dir, name)),
        onProgress,
      });
      return withManifests({ channel: 'dir', version, assets: present }, manifests);
    },
    async latest() {
      const stable = (await versionsIn(root)).find(({ prerelease }) => !prerelease);
      if (stable !== undefined) return { ...stable, publishedAt: null };
      throw unavailable(`The directory ${root} has no stable version.`, { reason: 'not-found' });
    },
    versions: async () =>
      (await versionsIn(root)).map((version) => ({ ...version, publishedAt: null })),
  };
}

async function verifyPresent(root: string): Promise<void> {
  if ((await statIfPresent(root))?.isDirectory() === true) return;
  throw unavailable(`The directory ${root} does not exist.`, { reason: 'not-found' });
}

async function versionsIn(root: string): Promise<Version[]> {
  await verifyPresent(root);
  const names = (await unlessMissing(root, (dir) => readdir(dir))) ?? [];
  return newestFirst(names.map(tryParseVersion).filter((version) => version !== undefined));
}

/** Every name under which a directory may hold a runtime for `target`. */
function shapes(version: Version, target: Target): readonly AssetShape[] {
  return [...releaseAssets(target), npmAsset(version.semver, target)];
}

interface Description {
  readonly dir: string;
  readonly shape: AssetShape;
  readonly target: Target;
  readonly sums: ReadonlyMap<string, string>;
}

async function assetIn({ dir, shape, target, sums }: Description): Promise<Asset | undefined> {
  const path = join(dir, shape.name);
  const found = await statIfPresent(path);
  if (found?.isFile() !== true) return undefined;
  const hex = sums.get(shape.name);
  const digests: Digest[] = hex === undefined ? [] : [{ algorithm: 'sha256', hex, origin: 'dir' }];
  return { ...shape, target, size: found.size, digests, sources: [{ kind: 'file', path }] };
}

async function loadChecksums(dir: string): Promise<ReadonlyMap<string, string>> {
  const lists = await Promise.all(
    [CHECKSUMS_ASSET, DIR_CHECKSUMS].map((name) => unlessMissing(join(dir, name), readList)),
  );
  return new Map(lists.flatMap((text) => (text === null ? [] : [...parseChecksums(text)])));
}

/** A pipe or a device of that name would be read without end. */
async function readList(path: string): Promise<string> {
  const found = await stat(path);
  if (found.isFile() && found.size <= MAX_LIST_BYTES) return await readFile(path, 'utf8');
  throw unavailable(`${path} is too large for a list, or not a file.`, { reason: 'refused' });
}

async function statIfPresent(path: string) {
  return unlessMissing(path, (present) => stat(present));
}

/** What `read` gives, or null where nothing lies at `path`. */
async function unlessMissing<T>(
  path: string,
  read: (path: string) => Promise<T>,
): Promise<T | null> {
  try {
    return await read(path);
  } catch (cause) {
    if (isCodexRuntimeError(cause)) throw cause;
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) return null;
    throw unavailable(`${path} cannot be read (${errnoOf(cause)}).`, {
      reason: 'unauthorized',
      cause,
    });
  }
}
