import { basename, join } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import type { Ecosystem } from '../request/index.ts';
import type { PackagePlan, PlannedFile } from '../stage/index.ts';
import type { Triple } from '../target/index.ts';
import type { ArchiveDigest } from './archive-file.ts';
import { type ArchiveWriter, addContent } from './archive-writer.ts';
import type { DeflatePool } from './deflate-pool.ts';
import { deflateFile, type SourceFile } from './file-blocks.ts';
import { TgzWriter } from './tgz-writer.ts';
import { wheelMetadata, wheelName } from './wheel-metadata.ts';
import { ZipWriter } from './zip-writer.ts';

/** One archive of a release. */
export interface PackedFile extends ArchiveDigest {
  /** Relative to the output directory. */
  readonly path: string;
  /** Null for the root package. */
  readonly target: Triple | null;
  readonly ecosystem: Ecosystem;
  /** The package inside, in the ecosystem's own spelling. */
  readonly package: { readonly name: string; readonly version: string };
}

type Content = Extract<PlannedFile, { content: Buffer }>;
type FromStore = Extract<PlannedFile, { from: string }>;

interface OpenArchive {
  readonly plan: PackagePlan;
  readonly path: string;
  readonly writer: ArchiveWriter;
  /** What comes before and after the runtime's files. */
  readonly before: readonly Content[];
  readonly after: readonly Content[];
}

export interface Packing {
  readonly directory: string;
  readonly pool: DeflatePool;
  /** Told how many bytes of the runtime were compressed. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Writes the archives of one runtime into `directory`, compressing each of its files once for all of
 * them. The same plans give the same bytes on every machine.
 * @throws CodexRuntimeError `DAMAGED` when a stored file is not what its manifest says; the disk's
 * own failures
 */
export async function packTarget(
  plans: readonly PackagePlan[],
  { directory, pool, onBytes, signal }: Packing,
): Promise<readonly PackedFile[]> {
  const archives: OpenArchive[] = [];
  try {
    for (const plan of plans) archives.push(await openArchive(plan, directory, pool));
    await Promise.all(archives.map((each) => addAll(each, each.before, pool)));
    for (const [source, members] of sharedFiles(archives)) {
      await addSharedFile(source, { places: members, pool, onBytes, signal });
    }
    await Promise.all(archives.map((each) => addAll(each, each.after, pool)));
    return await Promise.all(archives.map(finish));
  } catch (error) {
    await Promise.allSettled(archives.map(({ writer }) => writer.abandon()));
    throw error;
  }
}

async function openArchive(
  plan: PackagePlan,
  directory: string,
  pool: DeflatePool,
): Promise<OpenArchive> {
  const content = plan.files.filter((file): file is Content => 'content' in file);
  if (plan.ecosystem === 'node') {
    const path = join(directory, tarballName(plan));
    // First package.json, so that who reads the stream knows early what it is.
    const before = [...content].sort((a, b) => rank(a) - rank(b));
    return { plan, path, writer: await TgzWriter.create(path, pool), before, after: [] };
  }
  const path = join(directory, wheelName(plan));
  // PEP 427 recommends dist-info at the end of the archive.
  const isMetadata = ({ path: member }: Content) => member.includes('.dist-info/');
  return {
    plan,
    path,
    writer: await ZipWriter.create(path),
    before: content.filter((file) => !isMetadata(file)),
    after: [...content.filter(isMetadata), ...wheelMetadata(plan)],
  };
}

const rank = ({ path }: Content) => (path === 'package.json' ? 0 : 1);

function tarballName({ name, version }: PackagePlan): string {
  return `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`;
}

async function addAll(archive: OpenArchive, files: readonly Content[], pool: DeflatePool) {
  for (const file of files) await addContent(archive.writer, pool, file);
}

type Place = { readonly writer: ArchiveWriter; readonly file: FromStore };

/** For each file of the runtime, in order, every archive that takes it and the path it has there. */
function sharedFiles(archives: readonly OpenArchive[]): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  for (const { plan, writer } of archives) {
    for (const file of plan.files) {
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

async function finish({ plan, path, writer }: OpenArchive): Promise<PackedFile> {
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
