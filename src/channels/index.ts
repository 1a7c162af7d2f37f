export { npmPlatformVersion } from './asset-name.ts';
export { type Candidate, type CandidateRequest, resolveCandidates } from './candidates.ts';
export { openChannels } from './channels.ts';
export { compareLock } from './compare-lock.ts';
export { createLock, withEntrypoints } from './create-lock.ts';
export { DIR_CHECKSUMS } from './dir.ts';
export { githubApi } from './github-api.ts';
export { browserUrl, githubSources } from './github-sources.ts';
export {
  describeFinding,
  type LockComparison,
  type LockFinding,
  verifyLockComparison,
} from './lock-findings.ts';
export { mirrorAssetUrl } from './mirror.ts';
export { proofOf } from './proof.ts';
export { releaseAgeFor } from './release-age.ts';
export type { ReleaseChannel } from './release-channel.ts';
export { parseChecksums } from './release-document.ts';
export { IN_TOTO_STATEMENT, RELEASE_STATEMENT } from './release-manifest.ts';
export type { SilentChannel } from './releases.ts';
export {
  type ChosenVersion,
  chooseVersion,
  listRemoteVersions,
  resolveVersion,
} from './resolve-version.ts';
export { tryCandidates } from './try-candidates.ts';
