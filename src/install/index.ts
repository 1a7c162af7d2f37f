export { binLink, leadsToPackage } from './bin-link.ts';
export type { Leftover } from './builds.ts';
export {
  currentBuild,
  glanceInstalled,
  type InstalledPackage,
  isHealthy,
  listLeftovers,
  listOtherBuilds,
  loadInstalled,
} from './installed.ts';
export {
  forgetPrefix,
  forgetPython,
  type KnownPrefix,
  loadKnownPrefixes,
  type PythonPlace,
  rememberPrefix,
} from './known-prefixes.ts';
export { type PrefixLayout, prefixLayout } from './layout.ts';
export { findLostPackage, type LostPackage } from './lost-package.ts';
export { installNodePackage } from './node.ts';
export { packageHold } from './package-hold.ts';
export { layoutOf, namesPrefix, type PrefixOptions } from './prefix.ts';
export { prefixFlags } from './prefix-flags.ts';
export { isPythonPackageWhole, loadPythonRuntime } from './python/package.ts';
export { removedBy } from './removed-by.ts';
export { uninstallNodePackage } from './uninstall-node.ts';
