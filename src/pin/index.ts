export { matches } from './matches.ts';
export { nearWord } from './near-word.ts';
export { nearVersions, newestFirst } from './order.ts';
export {
  ageRule,
  type DatedVersion,
  describePassedOver,
  type MinimumAge,
  type PassedOver,
  parseMinimumAge,
  passedOver,
  type ReleaseAge,
} from './release-age.ts';
export {
  DEFAULT_REPO,
  isUpstream,
  parseRepository,
  tryParseRepository,
} from './repository.ts';
export { formatSpec, parseSpec, type VersionSpec } from './spec.ts';
export { threadWarning } from './thread-format.ts';
export { parseVersion, tryParseVersion, type Version } from './version.ts';
