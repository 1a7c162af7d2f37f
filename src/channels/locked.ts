import type { Asset, Digest, Release } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Lock, LockedTarget } from '../lockfile/index.ts';
import { parseVersion, type Version } from '../pin/index.ts';
import type { GitHubSource, Settings, SourceChoice } from '../request/index.ts';
import type { Target } from '../target/index.ts';
import { runtimeAssets } from './asset-name.ts';
import { githubSources } from './github-sources.ts';
import { lockedDigests } from './locked-asset.ts';
import { mirrorAssetUrl } from './mirror.ts';

/**
 * What the lockfile pins for `target`.
 * @throws CodexRuntimeError `LOCK_INCOMPLETE` when it pins nothing for it.
 */
export function lockedTarget(lock: Lock, target: Target): LockedTarget {
  const locked = lock.targets[target.triple];
  if (locked !== undefined && locked.assets.length > 0) return locked;
  const others = Object.keys(lock.targets);
  throw new CodexRuntimeError(
    'LOCK_INCOMPLETE',
    `The lockfile pins Codex ${lock.version}, but no bytes of it for ${target.triple}.`,
    {
      // Whether pinning again would help, only the channels know.
      hint: `It pins ${others.join(', ') || 'none'}. Run "codex-runtime pin --check" to see whether a channel has this build.`,
      fields: { version: lock.version, target: target.triple, locked: others },
    },
  );
}

export interface LockedReleaseRequest {
  readonly target: Target;
  readonly choice: SourceChoice;
  readonly settings: Pick<Settings, 'github' | 'mirrorUrl'>;
}

/**
 * The release as the lockfile knows it, with direct URLs: no API is asked. Its digests come, as
 * for every release, from {@link applyLock}. Undefined for channels whose URLs cannot be derived
 * from names.
 */
export function lockedRelease(
  lock: Lock,
  { target, choice, settings }: LockedReleaseRequest,
): Release | undefined {
  const version = parseVersion(lock.version);
  const sources = directSources(choice, settings, version);
  if (sources === undefined) return undefined;
  const found = new Map(
    lockedTarget(lock, target).assets.map((locked) => [
      locked.name,
      { size: locked.size ?? null, digests: [], sources: sources(locked.name) },
    ]),
  );
  return { channel: choice.channel, version, assets: runtimeAssets([target], found) };
}

/**
 * `asset` held to the lockfile: its digests come first, and one that contradicts them is refused
 * before a byte is fetched. Undefined when the lockfile can vouch neither for the asset nor for
 * the executable inside it.
 * @throws CodexRuntimeError `DIGEST_MISMATCH` naming both digests.
 */
export function applyLock(asset: Asset, lock: Lock): Asset | undefined {
  const target = lockedTarget(lock, asset.target);
  const locked = target.assets.find(({ name }) => name === asset.name);
  // Held to the executable's digest after unpacking, and to the channel's own until then.
  if (locked === undefined) return target.entrypoint === undefined ? undefined : asset;
  const pinned = lockedDigests(locked);
  for (const { algorithm, hex } of pinned) {
    const other = asset.digests.find((digest) => digest.algorithm === algorithm);
    if (other !== undefined && other.hex !== hex)
      throw contradiction({ asset, lock, expected: hex, actual: other });
  }
  return {
    ...asset,
    size: asset.size ?? locked.size ?? null,
    digests: [...pinned, ...asset.digests],
  };
}

function directSources(
  choice: SourceChoice,
  settings: Pick<Settings, 'github' | 'mirrorUrl'>,
  version: Version,
): ((name: string) => Asset['sources']) | undefined {
  if (choice.channel === 'mirror') {
    return (name) => [{ kind: 'mirror', url: mirrorAssetUrl(settings.mirrorUrl, version, name) }];
  }
  if (choice.channel !== 'github') return undefined;
  const order: readonly GitHubSource[] = choice.sources ?? ['browser', 'gh'];
  const direct = order.filter((source) => source !== 'api');
  if (direct.length === 0) return undefined;
  return (name) =>
    githubSources(settings, {
      version,
      asset: { name, apiUrl: null, browserUrl: null },
      order: direct,
    });
}

interface Contradiction {
  readonly asset: Asset;
  readonly lock: Lock;
  readonly expected: string;
  readonly actual: Digest;
}

function contradiction({ asset, lock, expected, actual }: Contradiction) {
  return new CodexRuntimeError(
    'DIGEST_MISMATCH',
    `${actual.origin} has other bytes for ${asset.name} of Codex ${lock.version} than the lockfile pins: expected ${actual.algorithm} ${expected}, got ${actual.hex}.`,
    {
      hint: 'A release must not change after it was published. Do not run it; find out who changed it.',
      fields: {
        asset: asset.name,
        version: lock.version,
        target: asset.target.triple,
        algorithm: actual.algorithm,
        expected,
        actual: actual.hex,
        origin: actual.origin,
      },
    },
  );
}
