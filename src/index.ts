export type { Asset, AssetSource, Channel, Digest, Variant } from './asset.ts';
export { type DiagnoseOptions, type Diagnosis, diagnose, type Finding } from './doctor/index.ts';
export {
  CodexRuntimeError,
  type ErrorCode,
  type ErrorDetails,
  EXIT_STATUS,
  isCodexRuntimeError,
} from './errors.ts';
export type { OnProgress, ProgressEvent } from './events.ts';
export type { Reason } from './fetch/index.ts';
export { LOCKFILE_NAME, type Lock } from './lockfile/index.ts';
export type { FoundCodex, RunningServer } from './machine/index.ts';
export {
  type BridgeRequest,
  type BridgeResult,
  bridgeSocket,
  controlSocketPath,
} from './operations/bridge-socket.ts';
export type { DownloadedAsset } from './operations/bring-asset.ts';
export {
  type DownloadOptions,
  type DownloadResult,
  downloadAssets,
} from './operations/download-assets.ts';
export { type EnsuredRuntime, ensureRuntime } from './operations/ensure-runtime.ts';
export {
  type InstallOptions,
  type InstallResult,
  installRuntime,
} from './operations/install-runtime.ts';
export {
  type ListedPrefix,
  type ListedRuntime,
  type Listing,
  listEverything,
  listInstalled,
  type WholeListing,
} from './operations/list-installed.ts';
export { listRemote, type RemoteChannel } from './operations/list-remote.ts';
export { type PackOptions, packRuntimes } from './operations/pack-runtimes.ts';
export { type PinOptions, type PinResult, pinRuntime } from './operations/pin-runtime.ts';
export type { InstallPlan } from './operations/preview-plan.ts';
export { type PublishOptions, publishPackages } from './operations/publish-packages.ts';
export {
  type PublishImagesOptions,
  publishRuntimeImages,
} from './operations/publish-runtime-images.ts';
export type { MissingPart } from './operations/release-readiness.ts';
export {
  type Resolution,
  resolveAllTargets,
  resolveRuntime,
} from './operations/resolve-runtime.ts';
export { type StagedPackage, type StageOptions, stageRuntime } from './operations/stage-runtime.ts';
export {
  type EverythingOptions,
  type UninstalledEverything,
  uninstallEverything,
} from './operations/uninstall-everything.ts';
export {
  type KeptRuntime,
  type Uninstalled,
  uninstallRuntime,
} from './operations/uninstall-runtime.ts';
export { type VerifiedPin, verifyPin } from './operations/verify-pin.ts';
export {
  type ReadyRelease,
  type WaitOptions,
  waitForRelease,
} from './operations/wait-for-release.ts';
export type {
  ImageOptions,
  LayerCompression,
  PackEcosystem,
  PackedFile,
  PackedImage,
  PackedRelease,
} from './package/pack/index.ts';
export type {
  ImageStep,
  PublishedImages,
  PublishResult,
  PublishStep,
  WaitingPackage,
} from './package/publish/index.ts';
export { parseVersion, type Version } from './pin/index.ts';
export type { PlaceOptions, PrefixOptions } from './place/index.ts';
export {
  type KeepReason,
  type PrunedRuntime,
  type PruneOptions,
  type PruneResult,
  pruneStore,
} from './prune/index.ts';
export type { Ecosystem, RuntimeOptions } from './request/index.ts';
export {
  detectHost,
  type Host,
  hostTarget,
  parseTarget,
  TARGETS,
  type Target,
  type Triple,
} from './target/index.ts';
export {
  type RuntimeDamage,
  type Verification,
  type VerifiedRuntime,
  type VerifyOptions,
  verifyRuntimes,
} from './verify/index.ts';
