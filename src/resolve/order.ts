import compare from 'semver/functions/compare.js';
import type { Version } from '../pin/version.ts';

/** Sorts by semver precedence, the newest first, each version once. */
export function newestFirst(versions: readonly Version[]): Version[] {
  const bySpelling = new Map(versions.map((version) => [version.semver, version]));
  return [...bySpelling.values()].sort((a, b) => compare(b.semver, a.semver));
}

/**
 * The versions that somebody who wrote `wanted` may have meant, the likeliest first: those that
 * differ in the last parts only, and then by how far apart the numbers are.
 */
export function nearVersions(wanted: Version, known: readonly Version[], count = 5): Version[] {
  const target = numbers(wanted);
  const distance = (version: Version): readonly number[] => {
    const parts = numbers(version);
    return [
      ...target.map((part, index) => Math.abs(part - (parts[index] ?? 0))),
      version.prerelease === wanted.prerelease ? 0 : 1,
    ];
  };
  return newestFirst(known)
    .map((version) => ({ version, far: distance(version) }))
    .sort((a, b) => compareParts(a.far, b.far))
    .slice(0, count)
    .map(({ version }) => version);
}

function numbers(version: Version): number[] {
  const [release = ''] = version.semver.split('-', 1);
  return release.split('.').map(Number);
}

function compareParts(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((part, at) => part !== b[at]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
