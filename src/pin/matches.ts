import satisfies from 'semver/functions/satisfies.js';
import type { VersionSpec } from './spec.ts';
import type { Version } from './version.ts';

/**
 * Whether `spec` may mean `version`: `latest` any stable one, `alpha` any alpha. A range takes
 * prereleases only where it names one.
 */
export function matches(spec: VersionSpec, { semver, prerelease }: Version): boolean {
  switch (spec.kind) {
    case 'exact':
      return spec.version.semver === semver;
    case 'range':
      return satisfies(semver, spec.range);
    case 'channel':
      return spec.name === 'latest' ? !prerelease : /^[^-]+-alpha(\.|$)/.test(semver);
  }
}
