import { basename, join } from 'node:path';
import { throwIfAborted } from '../../abort.ts';
import type { Ecosystem } from '../../request/index.ts';
import type { Triple } from '../../target/index.ts';
import type { PackagePlan, PlannedFile } from '../stage/index.ts';
import type { ArchiveDigest } from './archive-file.ts';
import { type ArchiveWriter, addContent } from './archive-writer.ts';
import { GzipFile } from './compressed-file.ts';
import type { BlockCompressor } from './deflate-pool.ts';
import { deflateFile, type SourceFile } from './file-blocks.ts';
import type { OpenLayer, PackedLayer } from './image-layer.ts';
import { TarWriter } from './tar-writer.ts';
import { wheelMetadata, wheelName } from './wheel-metadata.ts';
import { ZipWriter } from './zip-writer.ts';

/** For whom a release is packed: `oci` makes container images. */
export type PackEcosystem = Ecosystem | 'oci';

/** One archive of a release. */
export interface PackedFile extends ArchiveDigest {
  /** Relative to the output directory. */
  readonly path: string;
  /** Null for the root package, and for the archive of all images. */
  readonly target: Triple | null;
  readonly ecosystem: PackEcosystem;
  /** The package inside, in the ecosystem's own spelling. */
  readonly package: { readonly name: string; readonly version: string };
}

type Content = Extract<PlannedFile, { content: Buffer }>;
type FromStore = Extract<PlannedFile, { from: string }>;

/** An archive that takes the files of a runtime, and what comes before and after them. */
interface OpenArchive {
  readonly writer: ArchiveWriter;
  readonly files: readonly PlannedFile[];
  readonly before: readonly Content[];
  readonly after: readonly Content[];
}

interface OpenPackage extends OpenArchive {
  readonly plan: PackagePlan;
  readonly path: string;
}

export interface Packing {
  readonly directory: string;
  readonly pool: BlockCompressor;
  /** Opens the layer of the runtime's image; undefined where no image is made. */
  readonly openLayer?: (() => Promise<OpenLayer>) | undefined;
  /** Told how many bytes of the runtime were compressed. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The archives of one runtime. */
export interface PackedTarget {
  readonly files: readonly PackedFile[];
  readonly layer: PackedLayer | null;
}

/**
 * Writes the archives of one runtime into `directory`, compressing each of its files once for all of
 * them. The same plans give the same bytes on every machine.
 * @throws CodexRuntimeError `DAMAGED` when a stored file is not what its manifest says; the disk's
 * own failures
 */
export async function packTarget(
  plans: readonly PackagePlan[],
  { directory, pool, openLayer, onBytes, signal }: Packing,
): Promise<PackedTarget> {
  const packages: OpenPackage[] = [];
  const archives: OpenArchive[] = [];
  try {
    for (const plan of plans) packages.push(await openPackage(plan, directory, pool));
    const layer = await openLayer?.();
    archives.push(...packages, ...(layer === undefined ? [] : [{ ...layer, after: [] }]));
    await Promise.all(archives.map((each) => addAll(each, each.before, pool)));
    for (const [source, members] of sharedFiles(archives)) {
      await addSharedFile(source, { places: members, pool, onBytes, signal });
    }
    await Promise.all(archives.map((each) => addAll(each, each.after, pool)));
    return {
      files: await Promise.all(packages.map(finish)),
      layer: (await layer?.finish()) ?? null,
    };
  } catch (error) {
    const opened = archives.length === 0 ? packages : archives;
    await Promise.allSettled(opened.map(({ writer }) => writer.abandon()));
    throw error;
  }
}

async function openPackage(
  plan: PackagePlan,
  directory: string,
  pool: BlockCompressor,
): Promise<OpenPackage> {
  const { files } = plan;
  const content = files.filter((file): file is Content => 'content' in file);
  if (plan.ecosystem === 'node') {
    const path = join(directory, tarballName(plan));
    // First package.json, so that who reads the stream knows early what it is.
    const before = [...content].sort((a, b) => rank(a) - rank(b));
    const writer = new TarWriter(await GzipFile.create(path, pool), 'package/');
    return { plan, path, files, writer, before, after: [] };
  }
  const path = join(directory, wheelName(plan));
  // PEP 427 recommends dist-info at the end of the archive.
  const isMetadata = ({ path: member }: Content) => member.includes('.dist-info/');
  return {
    plan,
    path,
    files,
    writer: await ZipWriter.create(path),
    before: content.filter((file) => !isMetadata(file)),
    after: [...content.filter(isMetadata), ...wheelMetadata(plan)],
  };
}

const rank = ({ path }: Content) => (path === 'package.json' ? 0 : 1);

function tarballName({ name, version }: PackagePlan): string {
  return `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`;
}

async function addAll(archive: OpenArchive, files: readonly Content[], pool: BlockCompressor) {
  for (const file of files) await addContent(archive.writer, pool, file);
}

type Place = { readonly writer: ArchiveWriter; readonly file: FromStore };

/** For each file of the runtime, in order, every archive that takes it and the path it has there. */
function sharedFiles(archives: readonly OpenArchive[]): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  for (const { files, writer } of archives) {
    for (const file of files) {
      if (!('from' in file)) continue;
      const known = places.get(file.from) ?? [];
      places.set(file.from, [...known, { writer, file }]);
    }
  }
  return places;
}

interface SharedFile extends Pick<Packing, 'pool' | 'onBytes' | 'signal'> {
  readonly places: readonly Place[];
}

async function addSharedFile(
  from: string,
  { places, pool, onBytes, signal }: SharedFile,
): Promise<void> {
  const [first] = places;
  if (first === undefined) return;
  const source: SourceFile = { from, size: first.file.size, sha256: first.file.sha256 };
  await Promise.all(places.map(({ writer, file }) => writer.begin(file)));
  for await (const block of deflateFile(source, pool)) {
    throwIfAborted(signal);
    await Promise.all(places.map(({ writer }) => writer.add(block)));
    onBytes?.(block.raw.length);
  }
  await Promise.all(places.map(({ writer }) => writer.end()));
}

async function finish({ plan, path, writer }: OpenPackage): Promise<PackedFile> {
  const { size, sha256, integrity } = await writer.finish();
  return {
    path: basename(path),
    size,
    sha256,
    integrity,
    target: plan.target,
    ecosystem: plan.ecosystem,
    package: { name: plan.name, version: plan.version },
  };
}
