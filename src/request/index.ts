export { type RuntimeOptions, settingsOf } from './options.ts';
export { type Ecosystem, type Pin, resolvePin } from './precedence.ts';
export {
  createRequest,
  type ExactRequest,
  openLockfile,
  openRequest,
  type Request,
} from './request.ts';
export {
  type Environment,
  type GitHubSettings,
  githubCredentials,
  type Settings,
  settingsFor,
} from './settings.ts';
export {
  hasSignatures,
  idleTrustedRoot,
  isSameSigner,
  releaseSigner,
  type Signer,
} from './signer.ts';
export {
  type GitHubSource,
  parseSources,
  type SourceChoice,
  type SourceSelection,
  sourcesFor,
} from './source-selection.ts';
export { hostOf, isLoopback, mayBeAsked, readWebUrl } from './web-url.ts';
