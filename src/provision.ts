import type { Asset } from './asset.ts';
import { type Candidate, type CandidateRequest, tryCandidates } from './channels/index.ts';
import { verifyPrintedVersion } from './child/codex-version.ts';
import { ignoreMissing } from './disk/errno.ts';
import { verifySpace } from './disk/free-space.ts';
import { removeTree } from './disk/until-unblocked.ts';
import { CodexRuntimeError, isCodexRuntimeError } from './errors.ts';
import { tellWaiting } from './events.ts';
import { type ExtractedFiles, entrypointOf, extractRuntime } from './extract/index.ts';
import {
  type Download,
  leftBytes,
  partialId,
  receiveAsset,
  removeLeftParts,
} from './fetch/index.ts';
import { isUpstream } from './pin/index.ts';
import type { ExactRequest } from './request/index.ts';
import type { FetchedBundle } from './signature/index.ts';
import {
  clearStaging,
  commitRuntime,
  entrypointDigest,
  executablePath,
  findStored,
  type Hold,
  holdPath,
  homeLayout,
  isAnyAside,
  lockedEntrypoint,
  noteUse,
  notStored,
  openStaging,
  type Runtime,
  type RuntimeManifest,
  restoreReplaced,
  verifyStore,
  workOnce,
} from './store/index.ts';
import { isNative } from './target/index.ts';

export interface Provisioned {
  readonly runtime: Runtime;
  /** The source that delivered, or `store` when nothing was fetched. */
  readonly source: string;
  /** Bytes that came over the wire in this call. */
  readonly downloaded: number;
}

/**
 * Brings a runtime into the store: resolve, download, extract, verify, commit. What the store has
 * whole is taken as it is, without a request; of many callers at once one downloads and the
 * others take its result.
 *
 * @param copies Directories that are to get a copy of the tree which shares no blocks with the store:
 * their disks need the space as well.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`, `SOURCES_EXHAUSTED`, `OFFLINE`,
 * `DIGEST_MISMATCH`, `DIGEST_MISSING`, `SIZE_MISMATCH`, `ARCHIVE_REFUSED`, `VERSION_MISMATCH`,
 * `SIGNATURE_MISSING`, `SIGNATURE_UNREACHABLE`, `SIGNATURE_INVALID`, `DISK_FULL`,
 * `PERMISSION_DENIED`, `STORE_BUSY`
 */
export async function provisionRuntime(
  request: ExactRequest,
  copies: readonly string[] = [],
): Promise<Provisioned> {
  const { version, target, settings } = request;
  let forced = request.force;
  const ready = async () => {
    if (forced) return undefined;
    const runtime = await findStored(settings.home, request);
    if (runtime === undefined) return undefined;
    await noteUse(settings.home, runtime.manifest);
    // Of a run that was killed, or overtaken by the one that stored it.
    const left = partialId(runtime.manifest.origin.verified);
    await removeLeftParts(homeLayout(settings.home).partial, left, { held: false }).catch(
      () => undefined,
    );
    return { runtime, source: 'store', downloaded: 0 };
  };
  const name = { version: version.semver, target: target.triple };
  // What needs no hold must not fail for want of one: the home may be read-only.
  if (request.offline && !(await isAnyAside(settings.home, name))) {
    const stored = await ready();
    if (stored === undefined) throw notStored(request);
    return stored;
  }
  if ((await ready()) === undefined) await verifyStore(settings.home, name);
  return await workOnce({
    path: holdPath(settings.home, name.version, name.target),
    ready,
    work: async (hold) => {
      const restored = await restoreReplaced(settings.home, name, hold);
      const finished = restored ? await ready() : undefined;
      if (finished !== undefined) return finished;
      if (request.offline) throw notStored(request);
      const provisioned = await tryCandidates(signable(request), (candidate) =>
        provisionAsset(request, candidate, { hold, copies }),
      );
      forced = false;
      return provisioned;
    },
    onWait: tellWaiting(
      request.onProgress,
      `another process is fetching Codex ${version.semver} for ${target.triple}`,
    ),
    signal: request.signal,
  });
}

/** One asset: its bytes are hashed and unpacked as they arrive, and seen by nobody until checked. */
async function provisionAsset(
  request: ExactRequest,
  candidate: Candidate,
  { hold, copies }: { readonly hold: Hold; readonly copies: readonly string[] },
): Promise<Provisioned> {
  const { version, target, settings, onProgress, signal } = request;
  const { asset, channel } = candidate;
  const partialDir = homeLayout(settings.home).partial;
  const name = { version: version.semver, target: target.triple };
  await clearStaging(settings.home, name, hold).catch(ignoreMissing);
  await verifyRoom(request, asset, copies);
  onProgress?.({
    type: 'asset',
    channel,
    version: version.semver,
    name: asset.name,
    size: asset.size,
  });
  const bundle = await soughtBundle(request, asset);
  let staging = '';
  let release = (): void => undefined;
  try {
    const { result: files, download } = await receiveAsset(
      { channel, asset, partialDir, settings, onProgress, signal },
      async ({ bytes, path, ...download }) => {
        release = download.release;
        if (bundle instanceof CodexRuntimeError) {
          // The asset does come, so that no other channel is to blame: no more of it.
          await bytes[Symbol.asyncIterator]().next();
          throw bundle;
        }
        // With every attempt anew: what void bytes were unpacked to goes with them.
        staging = await openStaging(settings.home, name, hold);
        return extractRuntime({ asset, bytes, path, destination: staging, signal });
      },
    );
    const manifest = manifestOf(request, candidate, { files, outcome: download.outcome });
    verifyEntrypoint(manifest, request);
    const signed = await withSignature(manifest, request, { asset, download, staging, bundle });
    // Only now: this runs it. Where it cannot be run, the download stays, so that the next try begins here.
    if (isNative(settings.host, target)) {
      await verifyPrintedVersion(executablePath(staging, manifest), version, signal).catch(
        async (error: unknown) => {
          if (isCodexRuntimeError(error, 'VERSION_MISMATCH')) await download.discard();
          throw error;
        },
      );
    }
    // After the commit it would be too late: a kill in between would leave it behind for good.
    await download.discard();
    const runtime = await commitRuntime(settings.home, {
      staging,
      manifest: signed,
      // One that is there and was passed over is not signed, not what the lock pins, or of another
      // repository; one that is wanted came from a process that took the lock over.
      replace: request.force || (await findStored(settings.home, request)) === undefined,
    });
    onProgress?.({ type: 'stored', dir: runtime.dir });
    return { runtime, source: manifest.origin.source, downloaded: download.outcome.fetched };
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

/** A package's `.tar.gz` may be signed whole; of the `.tar.zst` only the executable is. */
function signable(request: ExactRequest): CandidateRequest {
  return request.signer === undefined ? request : { ...request, zstd: false };
}

function manifestOf(
  { version, target, settings }: ExactRequest,
  { asset, channel, packageAvailable }: Candidate,
  { files, outcome }: { files: ExtractedFiles; outcome: Download['outcome'] },
): RuntimeManifest {
  return {
    schemaVersion: 1,
    version: version.semver,
    repo: isUpstream(settings.github.repo) ? undefined : settings.github.repo,
    target: target.triple,
    variant: asset.variant,
    entrypoint: entrypointOf(target),
    files,
    origin: {
      channel,
      asset: asset.name,
      source: outcome.source ?? 'partial',
      size: outcome.size,
      verified: asset.digests,
      packageAvailable,
    },
  };
}

/** What the release has to verify the asset with; undefined where no signature is required. */
async function soughtBundle(
  { version, target, settings, signer, signal, onProgress }: ExactRequest,
  asset: Asset,
): Promise<FetchedBundle | CodexRuntimeError | undefined> {
  if (signer === undefined) return undefined;
  const { seekBundle } = await import('./signature/index.ts');
  const workDir = homeLayout(settings.home).partial;
  return await seekBundle({ version, target, asset, settings, workDir, onProgress, signal });
}

interface Verifiable {
  readonly asset: Asset;
  readonly download: Download;
  readonly staging: string;
  readonly bundle: FetchedBundle | CodexRuntimeError | undefined;
}

/** The manifest with the signature that was required and is verified, or as it is. */
async function withSignature(
  manifest: RuntimeManifest,
  { version, target, settings, signer, signal, onProgress }: ExactRequest,
  { asset, download, staging, bundle }: Verifiable,
): Promise<RuntimeManifest> {
  const sha256 = entrypointDigest(manifest);
  if (signer === undefined) return manifest;
  if (bundle === undefined || bundle instanceof CodexRuntimeError || sha256 === undefined) {
    throw new Error(`${asset.name} came without what verifies its signature`);
  }
  const { verifiedReleaseSignature } = await import('./signature/index.ts');
  const signature = await verifiedReleaseSignature({
    version,
    target,
    asset,
    bundle,
    archive: { path: download.path },
    entrypoint: { path: executablePath(staging, manifest), sha256 },
    signer,
    settings,
    onProgress,
    signal,
  });
  return { ...manifest, origin: { ...manifest.origin, signature } };
}

/** The files inside are the same whichever channel carries them: here npm is held to GitHub's bytes. */
function verifyEntrypoint(manifest: RuntimeManifest, request: ExactRequest): void {
  const expected = lockedEntrypoint(request);
  const actual = entrypointDigest(manifest);
  if (expected === undefined || actual === expected) return;
  const { channel, asset } = manifest.origin;
  throw new CodexRuntimeError(
    'DIGEST_MISMATCH',
    `The ${channel} channel's ${asset} holds another executable than the lockfile pins for Codex ${manifest.version}: expected sha256 ${expected}, got ${actual}.`,
    {
      hint: 'Do not run it. Compare the channels with codex-runtime resolve, and report it upstream.',
      fields: { expected, actual, channel, asset, version: manifest.version },
    },
  );
}
