export { globalPrefix, loadNpmOptions } from './options.ts';
export { createRegistry, type Registry, type RegistryOptions } from './registry.ts';
