export { isAssetName } from './asset-name.ts';
export {
  findLockfile,
  type IgnoredLockfile,
  LOCKFILE_NAME,
  namedLockfile,
} from './find-lockfile.ts';
export { fromIntegrity, toIntegrity } from './integrity.ts';
export {
  type LoadedLock,
  type Lock,
  type LockedAsset,
  type LockedTarget,
  loadLock,
  lockFor,
  writeLock,
} from './lockfile.ts';
export { formatLock, type LockRules, parseLock, salvageLock } from './lockfile-text.ts';
export { matches } from './matches.ts';
export { nearWord } from './near-word.ts';
export { nearVersions, newestFirst } from './order.ts';
export { pinCommand } from './pin-command.ts';
export {
  describeIgnored,
  type Ecosystem,
  type Environment,
  type Pin,
  resolvePin,
} from './precedence.ts';
export {
  DEFAULT_REPO,
  isUpstream,
  parseRepository,
  tryParseRepository,
} from './repository.ts';
export { repositoryMeant } from './repository-meant.ts';
export { formatSpec, parseSpec, type VersionSpec } from './spec.ts';
export { parseVersion, tryParseVersion, type Version } from './version.ts';
