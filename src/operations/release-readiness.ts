import type { Channel, Release } from '../asset.ts';
import { npmPlatformVersion, type ReleaseChannel } from '../channels/index.ts';
import { isCodexRuntimeError } from '../errors.ts';
import { unavailableReason } from '../fetch/http/index.ts';
import { createRegistry, packagePath } from '../fetch/npm/index.ts';
import { isJsonObject } from '../json.ts';
import { ageRule, type MinimumAge, passedOver, type Version } from '../pin/index.ts';
import type { Settings } from '../request/index.ts';
import type { Target, Triple } from '../target/index.ts';

/** One thing that a release does not have yet. */
export interface MissingPart {
  readonly channel: Channel;
  /** The whole release, npm's launcher, one target's build, an answer, or days: it is too young. */
  readonly part: 'release' | 'launcher' | 'build' | 'answer' | 'age';
  /** The target whose build is missing; null for the other parts. */
  readonly target: Triple | null;
  /** As a sentence. */
  readonly reason: string;
  /** When it is old enough, ISO 8601; of an `age` alone, where its date is known. */
  readonly oldEnoughAt?: string;
}

export interface ReadinessRequest {
  readonly version: Version;
  readonly targets: readonly Target[];
  readonly settings: Settings;
  /** How old the release has to be; null for any age. */
  readonly minReleaseAge: MinimumAge | null;
  readonly signal: AbortSignal | undefined;
}

/**
 * What `channel` still lacks of a version; empty when the release is complete there for all
 * `targets`. A channel that does not answer lacks an answer.
 */
export async function missingParts(
  channel: ReleaseChannel,
  request: ReadinessRequest,
): Promise<readonly MissingPart[]> {
  const { version, targets, signal } = request;
  const lacks = (part: MissingPart['part'], reason: string, target: Triple | null = null) => ({
    channel: channel.name,
    part,
    target,
    reason,
  });
  try {
    const launcher = channel.name === 'npm' ? await launcherGaps(request) : [];
    const release = await channel.release(version, targets, signal);
    const builds = targetsWithout(release, targets).map(({ triple }) =>
      lacks('build', `${channel.name} has no build for ${triple}`, triple),
    );
    const missing = [...launcher, ...builds];
    // Until all of it is there, its age says nothing.
    return missing.length > 0 ? missing : await ageGaps(channel, release, request);
  } catch (error) {
    if (isCodexRuntimeError(error, 'RELEASE_NOT_FOUND')) return [lacks('release', error.message)];
    if (isCodexRuntimeError(error, 'ASSET_NOT_FOUND')) {
      return targets.map(({ triple }) =>
        lacks('build', `${channel.name} has no build for ${triple}`, triple),
      );
    }
    if (isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) return [lacks('answer', error.message)];
    throw error;
  }
}

/**
 * The targets that a release cannot serve yet. Once one target has its complete package, a target
 * with only the bare binary is still being uploaded. An asset without a digest cannot be taken.
 */
function targetsWithout({ assets }: Release, targets: readonly Target[]): readonly Target[] {
  const usable = assets.filter(({ digests }) => digests.length > 0);
  const packaged = usable.some(({ variant }) => variant === 'package');
  return targets.filter(
    (target) =>
      !usable.some(
        (asset) =>
          asset.target.triple === target.triple && (!packaged || asset.variant === 'package'),
      ),
  );
}

/** What is left to wait for of the age that is asked for, by this channel's own date. */
async function ageGaps(
  channel: ReleaseChannel,
  release: Release,
  { version, minReleaseAge, signal }: ReadinessRequest,
): Promise<readonly MissingPart[]> {
  const rule = minReleaseAge === null ? null : ageRule(minReleaseAge);
  if (rule === null || minReleaseAge === null) return [];
  const listed = async () => {
    const versions = await channel.versions(signal, true);
    return versions?.find(({ semver }) => semver === version.semver)?.publishedAt ?? null;
  };
  const publishedAt = release.publishedAt ?? (await listed());
  if (passedOver({ ...version, publishedAt }, rule) === null) return [];
  const lacks = { channel: channel.name, part: 'age', target: null } as const;
  const name = `Codex ${version.semver}`;
  if (publishedAt === null) {
    return [{ ...lacks, reason: `${channel.name} does not say when it published ${name}` }];
  }
  const oldEnoughAt = new Date(publishedAt + minReleaseAge.ms).toISOString();
  const since = new Date(publishedAt).toISOString();
  const reason = `${channel.name} has had ${name} since ${since}: it is old enough on ${oldEnoughAt}`;
  return [{ ...lacks, reason, oldEnoughAt }];
}

/**
 * npm shows a version to its users by the launcher, which names the platform builds; those appear
 * before or after it.
 */
async function launcherGaps(request: ReadinessRequest): Promise<readonly MissingPart[]> {
  const { settings, targets, version, signal } = request;
  const name = settings.npmPackage;
  const lacks = (reason: string, target: Triple | null): MissingPart => ({
    channel: 'npm',
    part: 'launcher',
    target,
    reason,
  });
  const path = `${packagePath(name)}/${version.semver}`;
  let document: unknown;
  try {
    const registry = createRegistry(settings);
    document = await registry.getJson(path, { signal });
  } catch (error) {
    if (unavailableReason(error) !== 'not-found') throw error;
    return [lacks(`the launcher ${name}@${version.semver} is not published on npm`, null)];
  }
  const named = isJsonObject(document) ? document['optionalDependencies'] : undefined;
  const builds = isJsonObject(named) ? Object.values(named).map(String) : [];
  return targets
    .filter((target) => {
      const build = npmPlatformVersion(version.semver, target);
      return !builds.some((spec) => spec === build || spec.endsWith(`@${build}`));
    })
    .map(({ triple }) => lacks(`the launcher on npm names no build for ${triple}`, triple));
}
