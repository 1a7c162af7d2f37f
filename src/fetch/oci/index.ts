export {
  type Annotations,
  type Blob,
  blobOf,
  blobOfBytes,
  type Descriptor,
  hexOf,
  isDigest,
  readDescriptor,
} from './descriptor.ts';
export {
  type ImageConfig,
  type ImageManifest,
  readConfig,
  readManifest,
} from './documents.ts';
export { imageConfig } from './image-config.ts';
export {
  blobPath,
  LAYOUT_FILE,
  LAYOUT_INDEX,
  LAYOUT_TEXT,
  loadBlob,
  loadLayout,
  REF_NAME,
} from './layout.ts';
export {
  isIndexType,
  isManifestType,
  type LayerFormat,
  layerFormat,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from './media-types.ts';
export { parseReference } from './reference.ts';
export { type FoundManifest, type OciRegistry, openOciRegistry } from './registry.ts';
export {
  ENTRYPOINT_LABEL,
  IMAGE_HOME,
  IMAGE_ROOT,
  IMAGE_UID,
  imageAnnotations,
  isInIndex,
  LAYER_LABEL,
  platformOf,
  referrersTag,
  TARGET_LABEL,
  targetTag,
  VERSION_LABEL,
  versionTag,
  ZSTD_LABEL,
} from './runtime-image.ts';
export { createUploader, type Uploader } from './uploader.ts';
