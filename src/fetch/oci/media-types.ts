/** Media types of the OCI image specification 1.1, and Docker's that registries still serve. */
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_EMPTY = 'application/vnd.oci.empty.v1+json';
export const OCI_LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const OCI_LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
/** Layers that some tools leave uncompressed. Foreign ones, whose bytes lie elsewhere, have other types. */
const OCI_LAYER_PLAIN = 'application/vnd.oci.image.layer.v1.tar';
const DOCKER_LAYER_PLAIN = 'application/vnd.docker.image.rootfs.diff.tar';
const DOCKER_LAYER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** What a request for a manifest has to accept by name: distribution answers 404 to `*` and `/`. */
export const ACCEPTED_MANIFESTS: string = [
  OCI_INDEX,
  OCI_MANIFEST,
  DOCKER_INDEX,
  DOCKER_MANIFEST,
].join(', ');

export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_INDEX;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

export type LayerFormat = 'tar' | 'tar.gz' | 'tar.zst';

/** How a layer is compressed; undefined for those that cannot be taken: foreign, unknown. */
export function layerFormat(mediaType: string): LayerFormat | undefined {
  if (mediaType === OCI_LAYER_GZIP || mediaType === DOCKER_LAYER_GZIP) return 'tar.gz';
  if (mediaType === OCI_LAYER_PLAIN || mediaType === DOCKER_LAYER_PLAIN) return 'tar';
  return mediaType === OCI_LAYER_ZSTD ? 'tar.zst' : undefined;
}
