import type { Asset, Release } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { unavailable, unavailableReason } from '../fetch/http/index.ts';
import { packagePath, type Registry } from '../fetch/npm/index.ts';
import { asJsonObject, isJsonObject, type JsonObject } from '../json.ts';
import { newestFirst, tryParseVersion, type Version } from '../pin/index.ts';
import { readWebUrl, type Settings } from '../request/index.ts';
import { TARGETS, type Target } from '../target/index.ts';
import { npmAsset, npmPlatformVersion } from './asset-name.ts';
import { createVoucher, type Dist } from './npm-digest.ts';
import { type ReleaseChannel, releaseNotFound } from './release-channel.ts';
import { readDate } from './release-document.ts';

/**
 * The npm package whose versions are the platform builds. One version's document is some hundred
 * bytes and is asked for alone; the whole list only where a list is wanted.
 */
export function npmChannel(
  settings: Pick<Settings, 'npmPackage'>,
  registry: Registry,
): ReleaseChannel {
  const path = packagePath(settings.npmPackage);
  const vouch = createVoucher(settings, registry);

  const asset = async (
    version: Version,
    target: Target,
    signal?: AbortSignal,
  ): Promise<Asset | undefined> => {
    const build = npmPlatformVersion(version.semver, target);
    const document = await present(registry, `${path}/${build}`, signal);
    if (document === undefined) return undefined;
    const { dist, url } = readBuild(document, build);
    return {
      ...npmAsset(version.semver, target),
      target,
      size: null,
      digests: await vouch(build, dist, signal),
      sources: [{ kind: 'npm', url: await registry.locate(url) }],
    };
  };

  return {
    name: 'npm',
    async release(version, targets, signal): Promise<Release> {
      const found = await Promise.all(targets.map((target) => asset(version, target, signal)));
      const assets = found.filter((build) => build !== undefined);
      if (assets.length > 0) return { channel: 'npm', version, assets };
      const others = TARGETS.filter((target) => !targets.includes(target));
      const elsewhere = await Promise.all(others.map((target) => asset(version, target, signal)));
      const available = elsewhere.flatMap((build) => (build === undefined ? [] : [build.name]));
      throw available.length === 0
        ? releaseNotFound('npm', version)
        : noPlatformBuild({ name: settings.npmPackage, version, targets, available });
    },
    async latest(signal) {
      const tags = await present(registry, `-/package/${path}/dist-tags`, signal);
      const latest = isJsonObject(tags) ? tags['latest'] : undefined;
      const version = typeof latest === 'string' ? tryParseVersion(latest) : undefined;
      if (version !== undefined) return { ...version, publishedAt: null };
      throw unavailable(`The npm registry has no latest version of ${settings.npmPackage}.`, {
        reason: 'not-found',
      });
    },
    async versions(signal, dated = false) {
      // Only the whole document has the dates.
      const accept = dated ? 'application/json' : 'application/vnd.npm.install-v1+json';
      const list = await registry.getJson(path, { headers: { accept }, signal });
      const { versions, time } = asJsonObject(list);
      const spelled = Object.keys(asJsonObject(versions)).filter(isNoBuild);
      const known = spelled.map(tryParseVersion).filter((version) => version !== undefined);
      return newestFirst(
        known.map((version) => ({ ...version, publishedAt: dateOf(version, asJsonObject(time)) })),
      );
    },
  };
}

/** A version is as old as the youngest of its builds; they are published one after another. */
function dateOf({ semver }: Version, time: JsonObject): number | null {
  const launcher = readDate(time[semver]);
  const builds = TARGETS.map((target) => readDate(time[npmPlatformVersion(semver, target)]));
  return launcher === null ? null : Math.max(launcher, ...builds.map((at) => at ?? 0));
}

async function present(
  registry: Registry,
  path: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    return await registry.getJson(path, { signal });
  } catch (error) {
    if (unavailableReason(error) === 'not-found') return undefined;
    throw error;
  }
}

/** Reads a version document; its other fields are not used. */
function readBuild(document: unknown, build: string): { dist: Dist; url: string } {
  const dist =
    isJsonObject(document) && document['version'] === build ? document['dist'] : undefined;
  const url = isJsonObject(dist) ? readWebUrl(dist['tarball']) : null;
  if (!isJsonObject(dist) || url === null) {
    throw unavailable(`npm's document for ${build} has no tarball URL.`, {
      reason: 'not-an-asset',
    });
  }
  return { dist, url: url.href };
}

function isNoBuild(version: string): boolean {
  return !TARGETS.some(({ npmTag }) => version.endsWith(`-${npmTag}`));
}

interface MissingBuild {
  readonly name: string;
  readonly version: Version;
  readonly targets: readonly Target[];
  readonly available: readonly string[];
}

function noPlatformBuild({ name, version, targets, available }: MissingBuild): CodexRuntimeError {
  const wanted = targets.map(({ triple }) => triple).join(', ');
  return new CodexRuntimeError(
    'ASSET_NOT_FOUND',
    `${name} ${version.semver} on npm has no build for ${wanted}; it has ${available.join(', ')}.`,
    {
      hint: 'Choose another version, target or source.',
      fields: { version: version.semver, channel: 'npm', target: wanted, available },
    },
  );
}
