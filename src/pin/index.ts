export { lockRepository } from './lock-repository.ts';
export {
  findLockfile,
  LOCKFILE_NAME,
  type Lock,
  type LockedAsset,
  type LockedTarget,
  loadLock,
  lockFor,
  writeLock,
} from './lockfile.ts';
export { formatLock, parseLock } from './lockfile-text.ts';
export { pinCommand } from './pin-command.ts';
export {
  type Ecosystem,
  type Pin,
  resolvePin,
} from './precedence.ts';
export { parseSpec, type VersionSpec } from './spec.ts';
export { parseVersion } from './version.ts';
