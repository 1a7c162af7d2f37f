import type { Asset } from '../asset.ts';
import type { Candidate } from '../channels/index.ts';
import { ignoreMissing } from '../disk/errno.ts';
import { verifySpace } from '../disk/free-space.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import { type ExtractedFiles, extractRuntime } from '../extract/index.ts';
import { type Download, leftBytes, partialId, receiveAsset } from '../fetch/index.ts';
import type { ExactRequest } from '../request/index.ts';
import type { FetchedBundle } from '../signature/index.ts';
import { clearStaging, type Hold, homeLayout, openStaging } from '../store/index.ts';

/** An asset's files in a staging directory, and the download that they came from. */
export interface Unpacked {
  readonly files: ExtractedFiles;
  readonly download: Download;
  /** Absolute path; removed when `use` has ended, unless it was committed. */
  readonly staging: string;
  /** What verifies the signature; undefined where none is required. */
  readonly bundle: FetchedBundle | undefined;
}

interface Fetching {
  readonly request: ExactRequest;
  readonly candidate: Candidate;
  readonly hold: Hold;
  /** Directories that will get a copy of the tree. */
  readonly copies: readonly string[];
}

/**
 * Fetches one asset, hashed and unpacked as its bytes arrive, and gives `use` what came of it once
 * size and digests have matched.
 * @throws CodexRuntimeError what fetching, unpacking and `use` throw
 */
export async function fetchAndUnpack<T>(
  { request, candidate, hold, copies }: Fetching,
  use: (unpacked: Unpacked) => Promise<T>,
): Promise<T> {
  const { version, target, settings, onProgress, signal } = request;
  const { asset, channel } = candidate;
  const partialDir = homeLayout(settings.home).partial;
  const key = { version: version.semver, target: target.triple };
  await clearStaging(settings.home, key, hold).catch(ignoreMissing);
  await verifyRoom(request, asset, copies);
  const { name, size } = asset;
  onProgress?.({ type: 'asset', channel, version: version.semver, name, size });
  const bundle = await soughtBundle(request, asset);
  let staging = '';
  let release = (): void => undefined;
  try {
    const { result, download } = await receiveAsset(
      { channel, asset, partialDir, settings, onProgress, signal },
      async ({ bytes, path, ...download }) => {
        release = download.release;
        if (bundle instanceof CodexRuntimeError) {
          // The asset does come, so that no other channel is to blame: no more of it.
          await bytes[Symbol.asyncIterator]().next();
          throw bundle;
        }
        // With every attempt anew: what void bytes were unpacked to goes with them.
        staging = await openStaging(settings.home, key, hold);
        const files = await extractRuntime({ asset, bytes, path, destination: staging, signal });
        return { files, bundle };
      },
    );
    return await use({ ...result, download, staging });
  } finally {
    release();
    if (staging !== '') await removeTree(staging);
  }
}

/** Below this size an archive is not a real release, and may hold more than it unpacks to. */
const REAL_BYTES = 8e6;
/** Real archives unpack to 2.5 times their size and more. */
const EXPANSION = 2.4;

/** Refuses what has no room: archive, tree, and what links cannot share. */
async function verifyRoom(
  { version, settings: { home } }: ExactRequest,
  { size, digests }: Asset,
  copies: readonly string[],
): Promise<void> {
  if (size === null) return;
  const { partial, staging } = homeLayout(home);
  const tree = Math.round(size * (size < REAL_BYTES ? 1 : EXPANSION));
  const missing = size - (await leftBytes(partial, partialId(digests)));
  await verifySpace(`Codex ${version.semver}`, [
    { path: partial, bytes: Math.max(0, missing), what: 'the archive' },
    { path: staging, bytes: tree, what: 'its files' },
    ...copies.map((path) => ({ path, bytes: tree, what: 'a copy of them' })),
  ]);
}

/** What the release has to verify the asset with; undefined where no signature is required. */
async function soughtBundle(
  { version, target, settings, signer, signal, onProgress }: ExactRequest,
  asset: Asset,
): Promise<FetchedBundle | CodexRuntimeError | undefined> {
  if (signer === undefined) return undefined;
  const { seekBundle } = await import('../signature/index.ts');
  const workDir = homeLayout(settings.home).partial;
  return await seekBundle({ version, target, asset, settings, workDir, onProgress, signal });
}
