export { type InstalledPackage, isHealthy, loadInstalled } from './installed.ts';
export { localPrefix, type PrefixLayout, prefixLayout } from './layout.ts';
export { installNodePackage, uninstallNodePackage } from './node.ts';
