import compare from 'semver/functions/compare.js';
import type { Version } from './version.ts';

/** Sorts by semver precedence, the newest first, each version once. */
export function newestFirst<V extends Version>(versions: readonly V[]): V[] {
  const bySpelling = new Map(versions.map((version) => [version.semver, version]));
  return [...bySpelling.values()].sort((a, b) => compare(b.semver, a.semver));
}

/**
 * The versions that somebody who wrote `wanted` may have meant, the likeliest first: of its own
 * kind (stable or prerelease), equal in as many leading parts as possible, then the nearest, then
 * the newest.
 */
export function nearVersions(wanted: Version, known: readonly Version[], count = 5): Version[] {
  const target = numbers(wanted);
  return newestFirst(known)
    .map((version) => ({ version, distance: distances(target, numbers(version)) }))
    .sort((a, b) => unlikeness(a.version) - unlikeness(b.version) || compareParts(a, b))
    .slice(0, count)
    .map(({ version }) => version);

  function unlikeness(version: Version): number {
    return version.prerelease === wanted.prerelease ? 0 : 1;
  }
}

function numbers(version: Version): number[] {
  const [release = ''] = version.semver.split('-', 1);
  return release.split('.').map(Number);
}

/** How far apart the parts are, up to the first that differs: what follows it says nothing. */
function distances(wanted: readonly number[], parts: readonly number[]): number[] {
  const far = wanted.map((part, index) => Math.abs(part - (parts[index] ?? 0)));
  const first = far.findIndex((distance) => distance > 0);
  return far.map((distance, index) => (index > first ? 0 : distance));
}

function compareParts(a: { distance: readonly number[] }, b: { distance: readonly number[] }) {
  const index = a.distance.findIndex((part, at) => part !== b.distance[at]);
  return (a.distance[index] ?? 0) - (b.distance[index] ?? 0);
}
