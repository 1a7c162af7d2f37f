export { isAssetName } from './asset-name.ts';
export {
  describeIgnored,
  findLockfile,
  type IgnoredLockfile,
  LOCKFILE_NAME,
  namedLockfile,
} from './find.ts';
export { formatLock } from './format.ts';
export { fromIntegrity, toIntegrity } from './integrity.ts';
export {
  type LoadedLock,
  type Lock,
  type LockedAsset,
  type LockedTarget,
  loadLock,
  lockFor,
} from './lock.ts';
export { pinCommand } from './pin-command.ts';
export {
  isProofLevel,
  PROOF_LEVELS,
  type ProofLevel,
  parseProofLevel,
  reaches,
  strongestProof,
} from './proof.ts';
export { repositoryMeant } from './repository-meant.ts';
export { type LockRules, type LockSalvage, parseLock, salvageLock } from './text.ts';
export { writeLock } from './write-lock.ts';
