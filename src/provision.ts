import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkVersion } from './check-version.ts';
import { openDownload } from './download/index.ts';
import { CodexRuntimeError, isCodexRuntimeError } from './errors.ts';
import type { OnProgress } from './events.ts';
import { extractRuntime } from './extract/index.ts';
import type { Lock } from './pin/index.ts';
import type { Version } from './pin/version.ts';
import { type Candidate, resolveCandidates, type SourceSelection } from './resolve/index.ts';
import type { Settings } from './settings.ts';
import {
  commitRuntime,
  findRuntime,
  homeLayout,
  openStaging,
  type Runtime,
  type RuntimeManifest,
  workOnce,
} from './store/index.ts';
import { hostTarget, type Target } from './target/index.ts';

/** `auto` takes the complete package where the release has one, else the bare binary. */
export type VariantChoice = 'auto' | 'package' | 'binary';

export interface ProvisionRequest {
  readonly version: Version;
  readonly target: Target;
  readonly variant: VariantChoice;
  /** The digests that are allowed, if a lockfile pins them. */
  readonly lock: Lock | null;
  /** Channels and sources, in the order in which they are tried. */
  readonly sources: SourceSelection;
  /** Take only what the store has. */
  readonly offline: boolean;
  /** Download again, whatever the store has. */
  readonly force: boolean;
  readonly settings: Settings;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

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
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`, `SOURCES_EXHAUSTED`, `OFFLINE`,
 * `DIGEST_MISMATCH`, `DIGEST_MISSING`, `SIZE_MISMATCH`, `ARCHIVE_REFUSED`, `VERSION_MISMATCH`,
 * `DISK_FULL`, `PERMISSION_DENIED`, `STORE_BUSY`
 */
export async function provisionRuntime(request: ProvisionRequest): Promise<Provisioned> {
  const { version, target, settings } = request;
  let forced = request.force;
  return await workOnce({
    path: join(homeLayout(settings.home).locks, `${version.semver}_${target.triple}`),
    ready: async () => {
      if (forced) return undefined;
      const runtime = await findStored(request);
      return runtime === undefined ? undefined : { runtime, source: 'store', downloaded: 0 };
    },
    work: async () => {
      if (request.offline) throw offline(request);
      const provisioned = await provisionFromChannels(request);
      forced = false;
      return provisioned;
    },
    onWait: () =>
      request.onProgress?.({
        type: 'waiting',
        for: 'lock',
        reason: `another process is fetching Codex ${version.semver} for ${target.triple}`,
      }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
}

/** The stored runtime that satisfies the request, without asking any channel. */
export async function findStored(
  request: Pick<ProvisionRequest, 'version' | 'target' | 'variant' | 'lock' | 'settings'>,
): Promise<Runtime | undefined> {
  const variants = request.variant === 'auto' ? (['package', 'binary'] as const) : [request.variant];
  for (const variant of variants) {
    const key = { version: request.version.semver, target: request.target.triple, variant };
    const runtime = await findRuntime(request.settings.home, key);
    if (runtime !== undefined && satisfies(runtime, request)) return runtime;
  }
  return undefined;
}

function satisfies(
  { manifest }: Runtime,
  request: Pick<ProvisionRequest, 'variant' | 'lock' | 'target'>,
): boolean {
  // A binary that somebody asked for by name does not stand in for a package that exists.
  if (request.variant === 'auto' && manifest.variant === 'binary') {
    if (manifest.origin.packageAvailable) return false;
  }
  const expected = lockedEntrypoint(request);
  return expected === undefined || entrypointDigest(manifest) === expected;
}

async function provisionFromChannels(request: ProvisionRequest): Promise<Provisioned> {
  const reasons: unknown[] = [];
  for await (const candidate of resolveCandidates(request)) {
    try {
      return await provisionAsset(request, candidate);
    } catch (error) {
      if (!isCodexRuntimeError(error, 'SOURCES_EXHAUSTED', 'SOURCE_UNAVAILABLE')) throw error;
      reasons.push(error.toJSON());
      request.onProgress?.({
        type: 'unavailable',
        channel: candidate.channel,
        source: null,
        reason: error.message,
      });
    }
  }
  throw new CodexRuntimeError(
    'SOURCES_EXHAUSTED',
    `No source could deliver Codex ${request.version.semver} for ${request.target.triple}.`,
    { hint: 'Run codex-runtime doctor to see what is reachable.', fields: { reasons } },
  );
}

/** One asset: its bytes are hashed and unpacked as they arrive, and seen by nobody until checked. */
async function provisionAsset(request: ProvisionRequest, candidate: Candidate): Promise<Provisioned> {
  const { version, target, settings, signal } = request;
  const { asset, channel } = candidate;
  const watch = {
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
  const partialDir = homeLayout(settings.home).partial;
  request.onProgress?.({ type: 'asset', channel, name: asset.name, size: asset.size });
  const staging = await openStaging(settings.home, {
    version: version.semver,
    target: target.triple,
  });
  try {
    const download = openDownload({ channel, asset, partialDir, settings, ...watch });
    const files = await extractRuntime({
      asset,
      bytes: download.bytes,
      path: download.path,
      destination: staging,
      ...watch,
    });
    const manifest: RuntimeManifest = {
      schemaVersion: 1,
      version: version.semver,
      target: target.triple,
      variant: asset.variant,
      entrypoint: `bin/codex${target.exeSuffix}`,
      files,
      origin: {
        channel,
        asset: asset.name,
        source: download.outcome.source ?? 'store',
        size: download.outcome.fetched + download.outcome.resumed,
        verified: asset.digests,
        packageAvailable: candidate.packageAvailable,
      },
    };
    verifyEntrypoint(manifest, request);
    if (isHost(request)) await checkVersion(join(staging, manifest.entrypoint), version, signal);
    const runtime = await commitRuntime(settings.home, staging, manifest, {
      replace: request.force,
    });
    await download.discard();
    request.onProgress?.({ type: 'stored', dir: runtime.dir });
    return { runtime, source: manifest.origin.source, downloaded: download.outcome.fetched };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The files inside are the same whichever channel carries them: here npm is held to GitHub's bytes. */
function verifyEntrypoint(manifest: RuntimeManifest, request: ProvisionRequest): void {
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

function lockedEntrypoint({ lock, target }: Pick<ProvisionRequest, 'lock' | 'target'>) {
  return lock?.targets[target.triple]?.entrypoint?.sha256;
}

function entrypointDigest(manifest: RuntimeManifest): string | undefined {
  return manifest.files.find(({ path }) => path === manifest.entrypoint)?.sha256;
}

function isHost({ settings, target }: ProvisionRequest): boolean {
  try {
    return hostTarget(settings.host).triple === target.triple;
  } catch (error) {
    // A machine without a build of its own may still prepare one for another.
    if (isCodexRuntimeError(error, 'UNSUPPORTED_PLATFORM')) return false;
    throw error;
  }
}

function offline({ version, target }: ProvisionRequest): CodexRuntimeError {
  return new CodexRuntimeError(
    'OFFLINE',
    `Codex ${version.semver} for ${target.triple} is not in the store, and --offline forbids fetching it.`,
    { hint: `Run codex-runtime install ${version.semver} once with a network.` },
  );
}
