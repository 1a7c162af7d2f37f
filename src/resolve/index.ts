export type { Asset, AssetSource, Channel, Digest, Release, Variant } from './asset.ts';
export { type Candidate, type CandidateRequest, resolveCandidates } from './candidates.ts';
export type { ChannelsRequest } from './channels.ts';
export type { VariantChoice } from './choose.ts';
export { listRemoteVersions, type RemoteVersions, resolveVersion } from './resolve-version.ts';
export { DEFAULT_SOURCES, parseSources, type SourceSelection } from './source-selection.ts';
