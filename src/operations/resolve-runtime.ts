import type { Asset, AssetSource, Channel, Digest, Variant } from '../asset.ts';
import { proofOf, resolveCandidates } from '../channels/index.ts';
import type { ProofLevel } from '../lockfile/index.ts';
import {
  type ExactRequest,
  openRequest,
  type Request,
  type RuntimeOptions,
  settingsOf,
} from '../request/index.ts';
import { channelsForbidden } from '../store/index.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import { exactRequest } from './exact-request.ts';

/** What would be taken for one target, and from where; nothing has been downloaded. */
export interface Resolution {
  /** Semver. */
  readonly version: string;
  /** `rust-v<version>`. */
  readonly tag: string;
  readonly target: Triple;
  readonly variant: Variant;
  readonly channel: Channel;
  readonly asset: {
    readonly name: string;
    /** Bytes; null where the channel does not say. */
    readonly size: number | null;
    /** The strongest, as `sha256:<hex>`; null where nothing vouches for the asset. */
    readonly digest: string | null;
    readonly digests: readonly Digest[];
    readonly format: Asset['format'];
  };
  readonly sources: readonly AssetSource[];
  /** What is proven of the asset, by the lockfile or by its channel now. */
  readonly level: ProofLevel;
  /** `owner/name` whose release it is. */
  readonly repo: string;
  /** Absolute path of the lockfile that pins it; null where none does. */
  readonly lockfile: string | null;
}

/**
 * The asset that an installation would take now.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`, `SOURCES_EXHAUSTED`, `OFFLINE`
 * when that is asked for, and what a bad pin gives
 */
export async function resolveRuntime(options: RuntimeOptions = {}): Promise<Resolution> {
  return await resolveExact(await exactRequest(await openOnline(options)));
}

async function openOnline(options: RuntimeOptions): Promise<Request> {
  const request = await openRequest(options, settingsOf(options));
  if (request.offline) throw channelsForbidden('Resolving a release');
  return request;
}

/** {@link resolveRuntime} of a request. */
export async function resolveExact(request: ExactRequest): Promise<Resolution> {
  for await (const { asset, channel } of resolveCandidates(request)) {
    const [strongest] = asset.digests;
    return {
      version: request.version.semver,
      tag: request.version.tag,
      target: request.target.triple,
      variant: asset.variant,
      channel,
      asset: {
        name: asset.name,
        size: asset.size,
        digest: strongest === undefined ? null : `${strongest.algorithm}:${strongest.hex}`,
        digests: asset.digests,
        format: asset.format,
      },
      sources: asset.sources,
      level: proofOf(asset),
      repo: request.settings.github.repo,
      lockfile: request.lockPath,
    };
  }
  throw new Error('resolveCandidates ends with an asset or an error');
}

/**
 * {@link resolveRuntime} for each of the six targets, in the order of {@link TARGETS}: all of one
 * version, also of a range or `latest`.
 * @throws CodexRuntimeError as {@link resolveRuntime} does, for the first target that has nothing
 */
export async function resolveAllTargets(
  options: RuntimeOptions = {},
): Promise<readonly Resolution[]> {
  const request = await openOnline({ ...options, target: TARGETS[0]?.triple ?? '' });
  // Once: what `latest` means may change from one question to the next.
  const { version } = await exactRequest(request);
  const asked = TARGETS.map((target) => resolveExact(request.at(version, target)));
  // All answers before the first verdict: which of several failures is told must not be chance.
  await Promise.allSettled(asked);
  return await Promise.all(asked);
}
