export { digestFile } from './archive-file.ts';
export type { LayerCompression } from './image-layer.ts';
export { IMAGES } from './image-layout.ts';
export type { ImageOptions, PackedImage } from './pack-images.ts';
export { packLocalWheel } from './pack-local-wheel.ts';
export { PACK_MANIFEST, type PackManifest, parsePackManifest } from './pack-manifest.ts';
export {
  type PackedRelease,
  type PackRequest,
  packRelease,
  verifyPackDirectory,
} from './pack-release.ts';
export type { PackEcosystem, PackedFile } from './pack-target.ts';
export type { PackslipOrigin } from './packslip.ts';
export { recordLine } from './wheel-metadata.ts';
