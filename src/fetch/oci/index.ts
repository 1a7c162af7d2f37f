export { parseReference } from './reference.ts';
export { type FoundManifest, type OciRegistry, openOciRegistry } from './registry.ts';
export { createUploader, type Uploader } from './uploader.ts';
