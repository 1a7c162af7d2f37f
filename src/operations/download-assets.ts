import { rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DIR_CHECKSUMS, tryCandidates } from '../channels/index.ts';
import { diskError } from '../disk/disk-error.ts';
import { isErrno } from '../disk/errno.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { verifyWritable } from '../disk/verify-writable.ts';
import {
  type ExactRequest,
  openRequest,
  type RuntimeOptions,
  settingsOf,
} from '../request/index.ts';
import { channelsForbidden } from '../store/index.ts';
import { parseTargets, TARGETS, type Target, type Triple } from '../target/index.ts';
import { bringAsset, type DownloadedAsset, partialDir } from './bring-asset.ts';
import { exactRequest } from './exact-request.ts';
import { listChecksums } from './list-checksums.ts';

export interface DownloadOptions extends Omit<RuntimeOptions, 'target'> {
  /** Directory to fill; made when missing. The assets lie in `<out>/<version>/`. */
  readonly out: string;
  /** Targets in any spelling, or `all`: under a lockfile all that it pins. Default: this machine's. */
  readonly targets?: readonly string[] | 'all';
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
  // To resolve the version any target will do: this machine may have no build of its own.
  const target = named?.[0] === undefined ? {} : { target: named[0].triple };
  const asked = await openRequest({ ...rest, ...target }, settingsOf(rest));
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
    for (const [at, target] of targets.entries()) {
      const { triple } = target;
      if (targets.length > 1) {
        const position = { number: at + 1, of: targets.length };
        request.onProgress?.({ type: 'target', target: triple, ...position });
      }
      assets.push(await bring(request, target, dir));
    }
  } catch (error) {
    await rmdir(dir).catch(() => undefined);
    throw diskError(error, 'fill the directory', dir, 'out');
  } finally {
    // What has come so far can be used, whatever became of the rest.
    if (assets.length > 0) await listChecksums(dir, assets);
  }
  await rmdir(partialDir(dir)).catch(ignoreUsed);
  const checksums = join(dir, DIR_CHECKSUMS);
  return { version: request.version.semver, out, checksums, assets, unpinned };
}

/**
 * The targets to bring. A complete lock omits targets that no channel has a build for, so `all` means
 * what it pins; a target that is named has to be pinned.
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

/** Only an empty directory goes: another process may be downloading into it. */
function ignoreUsed(error: unknown): void {
  if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
}
