export type { Asset, AssetSource, Channel, Digest, Release, Variant } from './asset.ts';
export { type Candidate, type CandidateRequest, resolveCandidates } from './candidates.ts';
export type { ChannelsRequest } from './channels.ts';
export {
  checkLock,
  describeFinding,
  type LockCheck,
  type LockFinding,
  verifyLockCheck,
} from './check-lock.ts';
export type { VariantChoice } from './choose.ts';
export {
  createLock,
  type LockDraft,
  type LockRequest,
  type SilentChannel,
  withEntrypoints,
} from './create-lock.ts';
export { listRemoteVersions, type RemoteVersions, resolveVersion } from './resolve-version.ts';
export { DEFAULT_SOURCES, parseSources, type SourceSelection } from './source-selection.ts';
