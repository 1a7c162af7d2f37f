export { globalPrefix, loadNpmOptions } from './options.ts';
export { createRegistry, type Registry } from './registry.ts';
