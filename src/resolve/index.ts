export { type Candidate, type CandidateRequest, resolveCandidates } from './candidates.ts';
export {
  checkLock,
  describeFinding,
  type LockCheck,
  verifyLockCheck,
} from './check-lock.ts';
export {
  createLock,
  type SilentChannel,
  withEntrypoints,
} from './create-lock.ts';
export { listRemoteVersions, resolveVersion } from './resolve-version.ts';
export { DEFAULT_SOURCES, parseSources, type SourceSelection } from './source-selection.ts';
