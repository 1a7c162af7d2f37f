import { chmod, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Asset, AssetSource, Channel } from '../asset.ts';
import { diskError } from '../disk/disk-error.ts';
import { isErrno } from '../disk/errno.ts';
import { exists } from '../disk/exists.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { verifyWritable } from '../disk/verify-writable.ts';
import { receiveAsset } from '../download/index.ts';
import { CodexRuntimeError } from '../errors.ts';
import { type ExactRequest, exactRequest } from '../exact-request.ts';
import { channelsForbidden } from '../offline.ts';
import { completeRequest, type RuntimeOptions } from '../request.ts';
import { type Candidate, DIR_CHECKSUMS, parseChecksums, tryCandidates } from '../resolve/index.ts';
import { saveBundle } from '../signature/index.ts';
import { parseTargets, TARGETS, type Target, type Triple } from '../target/index.ts';
import { findAssetFile } from './asset-file.ts';

export interface DownloadOptions extends Omit<RuntimeOptions, 'target'> {
  /** Directory to fill; made when missing. The assets lie in `<out>/<version>/`. */
  readonly out: string;
  /** Targets in any spelling, or `all`: under a lockfile all that it pins. Default: this machine's. */
  readonly targets?: readonly string[] | 'all';
}

/** An asset in the directory, verified. */
export interface DownloadedAsset {
  readonly target: Triple;
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Name of the Sigstore bundle that lies beside it; null where the release has none. */
  readonly signature: string | null;
  readonly channel: Channel;
  /** Bytes that came over the wire; 0 when the file was there. */
  readonly downloaded: number;
}

export interface DownloadResult {
  /** Semver. */
  readonly version: string;
  /** Absolute; what `--source dir:` takes. */
  readonly out: string;
  /** Absolute path of the `SHA256SUMS` beside the assets. */
  readonly checksums: string;
  readonly assets: readonly DownloadedAsset[];
  /** Of `all` targets those that the lockfile pins nothing for: they are left out. */
  readonly unpinned: readonly Triple[];
}

/**
 * Fills a directory from which machines without a network install: `<out>/<version>/` gets one
 * archive for each target, in a format that every supported Node unpacks, its signature where the
 * release has one, and a `SHA256SUMS`. What is there and right stays; an interrupted download is
 * continued.
 * @throws CodexRuntimeError as resolving and downloading do; `SIGNATURE_MISSING` and
 * `SIGNATURE_UNREACHABLE` where the lockfile requires signatures
 */
export async function downloadAssets(options: DownloadOptions): Promise<DownloadResult> {
  const { targets: wanted, ...rest } = options;
  const named = wanted === 'all' ? TARGETS : wanted && parseTargets(wanted);
  // Any target will do for the version; a machine without a build of its own may fetch others'.
  const target = named?.[0] === undefined ? {} : { target: named[0].triple };
  const asked = await completeRequest({ ...rest, ...target });
  if (asked.offline) throw channelsForbidden('Downloading');
  const request = await exactRequest(asked);
  const { targets, unpinned } = planTargets(request, wanted === 'all' ? null : named);
  const out = resolve(request.settings.cwd, options.out);
  const dir = join(out, request.version.semver);
  const assets: DownloadedAsset[] = [];
  try {
    await makeDirectory(dir);
    // An unfinished download of before may be continued where nothing new can be put.
    await verifyWritable(dir);
    for (const target of targets) assets.push(await bring(request, target, dir));
  } catch (error) {
    await rmdir(dir).catch(() => undefined);
    throw diskError(error, 'fill the directory', dir);
  } finally {
    // What has come so far can be used, whatever became of the rest.
    if (assets.length > 0) await writeChecksums(dir, assets);
  }
  await rmdir(partialDir(dir)).catch(ignoreUsed);
  const checksums = join(dir, DIR_CHECKSUMS);
  return { version: request.version.semver, out, checksums, assets, unpinned };
}

/**
 * The targets to bring. A lock that is complete lacks those that no channel has a build for, so what
 * it pins is all there is; a target that somebody names has to be pinned.
 * @param named null for all
 */
function planTargets({ lock, target }: ExactRequest, named: readonly Target[] | null | undefined) {
  if (named !== null) return { targets: named ?? [target], unpinned: [] };
  const pinned = TARGETS.filter(
    ({ triple }) => lock === null || lock.targets[triple] !== undefined,
  );
  const unpinned = TARGETS.filter((each) => !pinned.includes(each)).map(({ triple }) => triple);
  // A lock without any target is refused with the first.
  return pinned.length === 0 ? { targets: TARGETS, unpinned: [] } : { targets: pinned, unpinned };
}

async function bring(request: ExactRequest, target: Target, dir: string): Promise<DownloadedAsset> {
  return await tryCandidates({ ...request, target, zstd: false }, (candidate) =>
    bringAsset(request, candidate, dir),
  );
}

async function bringAsset(
  request: ExactRequest,
  { asset, channel }: Candidate,
  dir: string,
): Promise<DownloadedAsset> {
  const path = join(dir, asset.name);
  const described = { target: asset.target.triple, name: asset.name, path, channel };
  const present = request.force ? null : await findAssetFile(path, asset);
  if (present !== null) {
    const signature = await bringSignature(request, { asset, delivered: null, dir });
    return { ...described, ...present, signature, downloaded: 0 };
  }
  const { onProgress, signal, settings } = request;
  onProgress?.({ type: 'asset', channel, name: asset.name, size: asset.size });
  const { download } = await receiveAsset(
    {
      asset,
      channel,
      settings,
      partialDir: partialDir(dir),
      onProgress,
      signal,
    },
    // The bytes are wanted in the file alone.
    async ({ bytes }) => {
      for await (const _ of bytes);
    },
  );
  // Read back from the disk: what is listed is what lies there.
  const verified = await findAssetFile(download.path, asset);
  if (verified === null) throw unreadable(path);
  await chmod(download.path, 0o644);
  await rename(download.path, path);
  await download.discard();
  const signature = await bringSignature(request, {
    asset,
    delivered: download.outcome.source,
    dir,
  });
  return { ...described, ...verified, signature, downloaded: download.outcome.fetched };
}

interface Brought {
  readonly asset: Asset;
  readonly delivered: AssetSource['kind'] | null;
  readonly dir: string;
}

/** Without it, a machine that has only this directory could not require a signature. */
async function bringSignature(
  { version, settings, lock, signal }: ExactRequest,
  { asset, delivered, dir }: Brought,
): Promise<string | null> {
  return await saveBundle(
    {
      version,
      target: asset.target,
      asset,
      delivered,
      settings,
      workDir: dir,
      signal,
    },
    { dir, required: lock?.signature === 'required' },
  );
}

/** Unfinished downloads lie on the same file system, so that a rename finishes them. */
function partialDir(dir: string): string {
  return join(dir, '.partial');
}

/** Adds to what the list has of other files that are still there. */
async function writeChecksums(dir: string, assets: readonly DownloadedAsset[]): Promise<void> {
  const path = join(dir, DIR_CHECKSUMS);
  const sums = new Map(parseChecksums(await readFile(path, 'utf8').catch(() => '')));
  for (const name of sums.keys()) {
    if (!(await exists(join(dir, name)))) sums.delete(name);
  }
  for (const { name, sha256 } of assets) sums.set(name, sha256);
  const lines = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  const fresh = `${path}.${process.pid}`;
  try {
    await writeFile(fresh, lines.map(([name, sha256]) => `${sha256}  ${name}\n`).join(''));
    await rename(fresh, path);
  } catch (error) {
    throw diskError(error, 'list the checksums', path);
  } finally {
    await rm(fresh, { force: true });
  }
}

function unreadable(path: string): CodexRuntimeError {
  return new CodexRuntimeError('INSTALL_FAILED', `${path} is not on the disk as it was received.`, {
    hint: 'Check the disk, and run the command again.',
    fields: { path },
  });
}

/** Only an empty directory goes: another process may be downloading into it. */
function ignoreUsed(error: unknown): void {
  if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
}
