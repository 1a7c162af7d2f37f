export { type BridgeRequest, bridgeSocket } from './bridge-socket.ts';
export { checkPin, type PinCheck } from './check-pin.ts';
export { type DiagnoseOptions, type Diagnosis, diagnose, type Finding } from './doctor/index.ts';
export {
  type DownloadedAsset,
  type DownloadOptions,
  type DownloadResult,
  downloadAssets,
} from './download-assets.ts';
export { type EnsuredRuntime, ensureRuntime } from './ensure-runtime.ts';
export {
  CodexRuntimeError,
  type ErrorCode,
  type ErrorDetails,
  EXIT_STATUS,
  isCodexRuntimeError,
} from './errors.ts';
export type { OnProgress, ProgressEvent } from './events.ts';
export { installPythonRuntime, type PythonInstallOptions } from './install-python-runtime.ts';
export { type InstallOptions, type InstallResult, installRuntime } from './install-runtime.ts';
export { listRemote, type RemoteChannel } from './list-remote.ts';
export {
  type ListedPrefix,
  type ListedRuntime,
  type Listing,
  listInstalled,
} from './list-runtimes.ts';
export type { PackedFile, PackedRelease } from './pack/index.ts';
export { type PackOptions, packRuntimes } from './pack-runtimes.ts';
export { LOCKFILE_NAME, type Lock } from './pin/index.ts';
export { parseVersion, type Version } from './pin/version.ts';
export { type PinOptions, type PinResult, pinRuntime } from './pin-runtime.ts';
export type { PrefixOptions } from './prefix.ts';
export { type InstallPreview, previewInstall } from './preview-install.ts';
export {
  type KeepReason,
  type PrunedRuntime,
  type PruneOptions,
  type PruneResult,
  pruneStore,
} from './prune/index.ts';
export type { PublishResult, PublishStep } from './publish/index.ts';
export { type PublishOptions, publishPackages } from './publish-packages.ts';
export type { MissingPart } from './release-readiness.ts';
export type { RuntimeOptions } from './request.ts';
export type { Asset, AssetSource, Channel, Digest, Variant } from './resolve/asset.ts';
export { type Resolution, resolveAllTargets, resolveRuntime } from './resolve-runtime.ts';
export { type StagedPackage, type StageOptions, stageRuntime } from './stage-runtime.ts';
export {
  detectHost,
  type Host,
  hostTarget,
  parseTarget,
  TARGETS,
  type Target,
  type Triple,
} from './target/index.ts';
export { type Uninstalled, uninstallRuntime } from './uninstall-runtime.ts';
export {
  type RuntimeDamage,
  type Verification,
  type VerifiedRuntime,
  type VerifyOptions,
  verifyRuntimes,
} from './verify/index.ts';
export { type ReadyRelease, type WaitOptions, waitForRelease } from './wait-for-release.ts';
