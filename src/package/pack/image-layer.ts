import { join } from 'node:path';
import { movePath } from '../../disk/until-unblocked.ts';
import {
  blobPath,
  type Descriptor,
  IMAGE_HOME,
  IMAGE_ROOT,
  IMAGE_UID,
  isInIndex,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
} from '../../fetch/oci/index.ts';
import { formatManifest, type Runtime } from '../../store/index.ts';
import { parseTarget, type Target } from '../../target/index.ts';
import { describeRuntime, type PlannedFile } from '../stage/index.ts';
import type { ArchiveWriter } from './archive-writer.ts';
import { GzipFile, ZstdFile } from './compressed-file.ts';
import type { BlockCompressor } from './deflate-pool.ts';
import { TarWriter, UncompressedDigest } from './tar-writer.ts';

export type LayerCompression = 'gzip' | 'zstd';

/** A runtime's layer on the disk. */
export interface PackedLayer {
  readonly descriptor: Descriptor;
  /** The digest without its compression. */
  readonly diffId: string;
}

type Content = Extract<PlannedFile, { content: Buffer }>;

/** A layer that takes the runtime's files. */
export interface OpenLayer {
  readonly writer: ArchiveWriter;
  readonly files: readonly PlannedFile[];
  readonly before: readonly Content[];
  finish(): Promise<PackedLayer>;
}

export interface LayerRequest {
  readonly runtime: Runtime;
  /** The image layout that is being made. */
  readonly layout: string;
  readonly compression: LayerCompression;
  readonly pool: BlockCompressor;
  /** PEM, for `/etc/ssl/certs/ca-certificates.crt`; null for none. */
  readonly certificates: Buffer | null;
}

/** Opens a runtime's layer, with all of its directories in it. */
export async function openLayer(request: LayerRequest): Promise<OpenLayer> {
  const { runtime, layout, compression, pool, certificates } = request;
  const { dir, manifest } = runtime;
  const target = parseTarget(manifest.target);
  const path = join(layout, `layer-${target.triple}`);
  const file = new UncompressedDigest(
    compression === 'gzip' ? await GzipFile.create(path, pool) : await ZstdFile.create(path),
  );
  const writer = new TarWriter(file, '');
  const files = manifest.files.map(({ path: inside, mode, size, sha256 }) => ({
    path: `${IMAGE_ROOT}/${inside}`,
    mode,
    from: join(dir, inside),
    size,
    sha256,
  }));
  const before = contents(runtime, certificates);
  const paths = [...before, ...files].map((each) => each.path);
  for (const { path: inside, mode, uid } of directoriesOf(paths, target)) {
    await writer.addDirectory(inside, mode, uid);
  }
  return {
    writer,
    files,
    before,
    async finish() {
      const { size, sha256 } = await writer.finish();
      const mediaType = compression === 'gzip' ? OCI_LAYER_GZIP : OCI_LAYER_ZSTD;
      const descriptor = { mediaType, digest: `sha256:${sha256}`, size };
      await movePath(path, join(layout, blobPath(descriptor.digest)));
      return { descriptor, diffId: file.digest() };
    },
  };
}

const CERTIFICATES = 'etc/ssl/certs/ca-certificates.crt';

function contents({ manifest }: Runtime, certificates: Buffer | null): readonly Content[] {
  const description = Buffer.from(formatManifest(describeRuntime(manifest)), 'utf8');
  return [
    ...(certificates === null ? [] : [{ path: CERTIFICATES, mode: 0o644, content: certificates }]),
    { path: `${IMAGE_ROOT}/runtime.json`, mode: 0o644, content: description },
  ];
}

interface LayerDirectory {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
}

/**
 * Every directory, the outer ones first. Codex writes below its home alone, and needs a place for
 * temporary files; the home belongs to root's group because some platforms choose the user.
 */
function directoriesOf(paths: readonly string[], target: Target): readonly LayerDirectory[] {
  const own: readonly LayerDirectory[] = isInIndex(target)
    ? [
        { path: IMAGE_HOME, mode: 0o770, uid: IMAGE_UID },
        { path: 'tmp', mode: 0o1777, uid: 0 },
      ]
    : [];
  const known = new Map(own.map((directory) => [directory.path, directory]));
  const names = [...paths, ...own.map(({ path }) => `${path}/.`)].flatMap((path) => {
    const segments = path.split('/').slice(0, -1);
    return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
  });
  return [...new Set(names)].sort().map((path) => known.get(path) ?? { path, mode: 0o755, uid: 0 });
}
