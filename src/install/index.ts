export { binLink } from './bin-link.ts';
export { type InstalledPackage, isHealthy, listLeftovers, loadInstalled } from './installed.ts';
export {
  forgetPrefix,
  loadKnownPrefixes,
  rememberPrefix,
} from './known-prefixes.ts';
export { localPrefix, type PrefixLayout, prefixLayout } from './layout.ts';
export { installNodePackage, uninstallNodePackage } from './node.ts';
export { isUnknownToNpm } from './prefix-json.ts';
