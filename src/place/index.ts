export type { Leftover } from './builds.ts';
export {
  forgetPrefix,
  type KnownPrefix,
  loadKnownPrefixes,
  type PythonPlace,
  rememberPrefix,
} from './known-prefixes.ts';
export { binLink, leadsToPackage } from './npm-prefix/bin-link.ts';
export {
  type InstalledPackage,
  isHealthy,
  listLeftovers,
  loadInstalled,
} from './npm-prefix/installed.ts';
export { type PrefixLayout, prefixLayout } from './npm-prefix/layout.ts';
export { findLostPackage, type LostPackage } from './npm-prefix/lost-package.ts';
export { installNodePackage } from './npm-prefix/node.ts';
export { packageHold } from './npm-prefix/package-hold.ts';
export { layoutOf, namesPrefix, type PrefixOptions } from './npm-prefix/prefix.ts';
export { prefixFlags } from './npm-prefix/prefix-flags.ts';
export { uninstallNodePackage } from './npm-prefix/uninstall-node.ts';
export { verifyVisiblePrefix } from './npm-prefix/verify-visible.ts';
export { notedPlace, openPlace, refuseMixed } from './open-place.ts';
export type { Inspected, Place, PlacedPackage, PlaceOptions, Removed, Survey } from './place.ts';
export { noPythonPackage, type PythonOptions, pythonEnvironment } from './python/environment.ts';
export {
  environmentPrefix,
  installedDistribution,
  installedPythonRuntime,
} from './python/installed-python.ts';
export { loadPythonRuntime } from './python/package.ts';
export { installPythonPackage, uninstallPythonPackage } from './python/pip.ts';
