export { executablePath } from './executable-path.ts';
export { findSettled } from './find-settled.ts';
export {
  entrypointDigest,
  findStored,
  isSameAsset,
  lockedEntrypoint,
  provenLevel,
} from './find-stored.ts';
export {
  clearDeadHold,
  type Hold,
  type HoldWait,
  holdState,
  tidyHeld,
  workIfFree,
  workOnce,
} from './hold.ts';
export type { Damage } from './inspect-file.ts';
export { forgetUses, lastUsed, noteUse } from './last-used.ts';
export { holdPath, homeLayout, type RuntimeKey, runtimeDir, stagingHold } from './layout.ts';
export {
  glanceDescription,
  loadDescription,
  loadManifest,
  MANIFEST_NAME,
} from './load-manifest.ts';
export type {
  Runtime,
  RuntimeDescription,
  RuntimeManifest,
} from './manifest.ts';
export { channelsForbidden, notStored } from './offline.ts';
export { formatManifest, parseDescription } from './parse-manifest.ts';
export { mayComeBack, restoreReplaced } from './replace-runtime.ts';
export { describedFiles, findDamages, isWhole, sealFiles } from './seal.ts';
export {
  clearStaging,
  commitRuntime,
  findRuntime,
  listRuntimeDirs,
  listRuntimes,
  openStaging,
  removeRuntime,
} from './store.ts';
export { verifyStore, verifyVisible } from './verify-store.ts';
export { isWantedOutside } from './wanted-outside.ts';
export { inWorkDirectory } from './work-directory.ts';
