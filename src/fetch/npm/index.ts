export { globalPrefix, loadNpmOptions, type NpmOptions } from './options.ts';
export { createRegistry, packagePath, publicRegistry, type Registry } from './registry.ts';
export {
  loadRegistryKeys,
  type RegistryKey,
  vouchingKey,
} from './registry-signature.ts';
export { npmReleaseAge } from './release-age.ts';
export { type NpmRun, runNpm } from './run-npm.ts';
export { openUploadGate, type UploadGate } from './upload-gate.ts';
