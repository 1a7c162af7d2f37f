import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../../disk/disk-error.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import type { Ecosystem } from '../../request/index.ts';
import type { HoldWait, Runtime } from '../../store/index.ts';
import { parseTarget, TARGETS, type Target } from '../../target/index.ts';
import {
  bundledComponents,
  DEFAULT_PACKAGE_NAME,
  describeRuntime,
  type PackagePlan,
  planPackage,
  planRootPackage,
  platformPackageName,
} from '../stage/index.ts';
import { PLAIN_BLOCKS } from './compressed-file.ts';
import { DeflatePool } from './deflate-pool.ts';
import { dotslashFile } from './dotslash.ts';
import { openLayer } from './image-layer.ts';
import { IMAGES, ImageLayout } from './image-layout.ts';
import { verifyOutputDirectory, writeOutputDirectory } from './output-directory.ts';
import {
  type ImageInputs,
  type ImageOptions,
  loadImageInputs,
  packLayout,
  writeImages,
} from './pack-images.ts';
import { PACK_MANIFEST, type PackManifest, packManifest } from './pack-manifest.ts';
import {
  type PackEcosystem,
  type PackedFile,
  type PackedTarget,
  type Packing,
  packTarget,
} from './pack-target.ts';
import { PACKSLIP, type PackslipOrigin, packslipFile } from './packslip.ts';
import { isReferenceZlib } from './reference-zlib.ts';
import { requirementsFile } from './requirements.ts';
import { sbomFile } from './sbom.ts';

export interface PackRequest extends HoldWait, ImageOptions {
  /** One verified runtime for each target, all of one version. */
  readonly runtimes: readonly Runtime[];
  readonly ecosystems: readonly PackEcosystem[];
  /** Directory for the release; missing, empty, or an earlier pack. */
  readonly out: string;
  /** npm name of the root package. Default `codex-cli-bin`. */
  readonly name?: string | undefined;
  /** Default: the bundled templates. */
  readonly templatesDir?: string | undefined;
  /** URL for the packages' metadata; npm's provenance needs the publishing repository here. */
  readonly repository?: string | undefined;
  /**
   * Where an archive will be found once it is published; null where nobody can tell, and then there
   * is no DotSlash file.
   */
  readonly downloadUrl: (file: PackedFile) => string | null;
  /** Who will sign the packslip manifest, for which project; undefined for no such manifest. */
  readonly packslip?: PackslipOrigin | undefined;
  /** Blocks compressed at once; the bytes do not depend on it. Default: the machine's cores. */
  readonly parallelism?: number;
  readonly onPacked?: ((file: PackedFile) => void) | undefined;
  /** Told of `working`, in bytes of the runtimes that are packed. */
  readonly onProgress?: OnProgress | undefined;
}

export interface PackedRelease extends PackManifest {
  /** Whether these bytes are what every other machine makes too; see {@link isReferenceZlib}. */
  readonly reproducible: boolean;
}

/**
 * Makes the packages of a release for all given targets: npm's platform packages and root package,
 * a wheel for each platform, `requirements.txt` with their hashes, an OCI image layout and one archive
 * of it, `SHA256SUMS`, `manifest.json`, a CycloneDX SBOM and, where it is known where the archives will
 * be, a DotSlash file named `codex`, and a packslip manifest where its signer is known. The directory appears whole or not at all.
 * @throws CodexRuntimeError `USAGE` for runtimes that do not belong together, `PREFIX_INVALID` when
 * `out` holds other files, `PIN_INVALID` when Python cannot write the version, `TEMPLATE_INVALID`,
 * `DAMAGED`, `ABORTED`, and the disk's own failures
 */
export async function packRelease(request: PackRequest): Promise<PackedRelease> {
  const runtimes = inTargetOrder(request.runtimes);
  const version = commonVersion(runtimes);
  const name = request.name ?? DEFAULT_PACKAGE_NAME;
  const release = { name, version };
  const targetPlans = await Promise.all(runtimes.map((runtime) => planTarget(runtime, request)));
  const rootPlans = await planRoot(runtimes, release, request);
  const targets = runtimes.map(({ manifest }) => parseTarget(manifest.target));
  const images = request.ecosystems.includes('oci')
    ? await loadImageInputs(request, targets)
    : null;

  const { onWait, signal } = request;
  const onBytes = packingProgress(runtimes, request.onProgress);
  const manifest = await writeOutputDirectory(
    request.out,
    isCompanion,
    async (work) => {
      // zstd makes one stream of a layer: alone, nothing has a use for blocks.
      const pool =
        request.ecosystems.every((each) => each === 'oci') && images?.compression === 'zstd'
          ? PLAIN_BLOCKS
          : new DeflatePool(request.parallelism);
      const layout = images === null ? null : await ImageLayout.create(join(work, IMAGES));
      const pack = async (plans: readonly PackagePlan[], layer: Packing['openLayer']) => {
        const packing = { directory: work, pool, openLayer: layer, onBytes, signal };
        const packed = await packTarget(plans, packing);
        for (const file of packed.files) request.onPacked?.(file);
        return packed;
      };
      const layerOf = (runtime: Runtime) =>
        images !== null && layout !== null
          ? () => openLayer({ ...images, runtime, layout: layout.path, pool })
          : undefined;
      const [root, ...packed] = await Promise.all([
        pack(rootPlans, undefined),
        ...runtimes.map((runtime, index) => pack(targetPlans[index] ?? [], layerOf(runtime))),
      ]);
      const written = await imagesOf(packed, { request, release, runtimes, layout, images });
      const archive = layout === null ? [] : [await packLayout(work, release)];
      for (const file of archive) request.onPacked?.(file);
      const files = [root, ...packed]
        .flatMap((each) => each.files)
        .concat(archive)
        .sort((a, b) => (a.path < b.path ? -1 : 1));
      const made = { ...packManifest(release, runtimes, files), ...written };
      await writeCompanions(work, { manifest: made, runtimes, request });
      return made;
    },
    { onWait, signal },
  );
  return { ...manifest, reproducible: await isReferenceZlib() };
}

/**
 * Refuses an output directory that {@link packRelease} would refuse, before the runtimes are fetched.
 * @throws CodexRuntimeError `PREFIX_INVALID`, and the disk's own failures
 */
export async function verifyPackDirectory(out: string): Promise<void> {
  await verifyOutputDirectory(out, isCompanion);
}

interface ImageWork {
  readonly request: PackRequest;
  readonly release: { readonly name: string; readonly version: string };
  readonly runtimes: readonly Runtime[];
  readonly layout: ImageLayout | null;
  readonly images: ImageInputs | null;
}

/** The field of `manifest.json` that lists the images, where there are some. */
async function imagesOf(
  packed: readonly PackedTarget[],
  { request, release, runtimes, layout, images }: ImageWork,
): Promise<Pick<PackManifest, 'images'>> {
  if (layout === null || images === null) return {};
  const built = runtimes.flatMap((runtime, index) => {
    const layer = packed[index]?.layer ?? null;
    return layer === null ? [] : [{ runtime, layer }];
  });
  const { repository } = request;
  return { images: await writeImages({ layout, release, repository, inputs: images, built }) };
}

/** Counts the bytes that are compressed; each file of a runtime is, once for all archives. */
function packingProgress(
  runtimes: readonly Runtime[],
  onProgress: OnProgress | undefined,
): (bytes: number) => void {
  const sizes = runtimes.flatMap(({ manifest }) => manifest.files.map(({ size }) => size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress?.({ type: 'working', what: 'Packing', done, total });
  };
}

function planTarget(runtime: Runtime, request: PackRequest): Promise<readonly PackagePlan[]> {
  const root = request.name ?? DEFAULT_PACKAGE_NAME;
  const target = parseTarget(runtime.manifest.target);
  return Promise.all(
    request.ecosystems.filter(isPackage).map((ecosystem) =>
      planPackage({
        ...templateOptions(request),
        runtime,
        ecosystem,
        ...(ecosystem === 'node' ? publishedNames(root, target) : { name: root }),
      }),
    ),
  );
}

function isPackage(ecosystem: PackEcosystem): ecosystem is Ecosystem {
  return ecosystem !== 'oci';
}

/**
 * npm up to version 10 removes a command again when optional dependencies for other platforms share
 * its name, so `codex` belongs to the root package alone.
 */
function publishedNames(root: string, target: Target) {
  const name = platformPackageName(root, target);
  return { name, command: name.replace(/^@.*\//, '') };
}

async function planRoot(
  runtimes: readonly Runtime[],
  release: { readonly name: string; readonly version: string },
  request: PackRequest,
): Promise<readonly PackagePlan[]> {
  if (!request.ecosystems.includes('node')) return [];
  const targets = runtimes.map(({ manifest }) => parseTarget(manifest.target));
  return [await planRootPackage({ ...templateOptions(request), ...release, targets })];
}

function templateOptions({ templatesDir, repository }: PackRequest) {
  return {
    templatesDir,
    repository,
  };
}

interface Companions {
  readonly manifest: PackManifest;
  readonly runtimes: readonly Runtime[];
  readonly request: PackRequest;
}

async function writeCompanions(
  directory: string,
  { manifest, runtimes, request: { downloadUrl, packslip } }: Companions,
): Promise<void> {
  const { name, version, files } = manifest;
  const descriptions = runtimes.map((runtime) => describeRuntime(runtime.manifest));
  const described = runtimes.map(async (runtime) => ({
    runtime: describeRuntime(runtime.manifest),
    components: await bundledComponents(runtime),
  }));
  const sbom = sbomFile({ name, version }, await Promise.all(described), files);
  const sums = files.map(({ sha256, path }) => `${sha256}  ${path}\n`).join('');
  await write(join(directory, SBOM), sbom);
  const dotslash = dotslashFile(descriptions, files, downloadUrl);
  if (dotslash !== null) await write(join(directory, DOTSLASH), dotslash, 0o755);
  const requirements = requirementsFile(files);
  if (requirements !== null) await write(join(directory, REQUIREMENTS), requirements);
  await write(join(directory, SUMS), sums);
  if (packslip !== undefined) {
    const slip = { release: manifest, runtimes, downloadUrl, origin: packslip };
    await write(
      join(directory, PACKSLIP),
      await packslipFile({ ...slip, sbom: { name: SBOM, text: sbom } }),
    );
  }
  await write(join(directory, PACK_MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

const SUMS = 'SHA256SUMS';
const SBOM = 'sbom.cdx.json';
const DOTSLASH = 'codex';
const REQUIREMENTS = 'requirements.txt';

function isCompanion(name: string): boolean {
  return [SUMS, SBOM, DOTSLASH, REQUIREMENTS, IMAGES, PACKSLIP].includes(name);
}

async function write(path: string, text: string, mode = 0o644): Promise<void> {
  try {
    await writeFile(path, text, { mode, flag: 'wx' });
  } catch (error) {
    throw diskError(error, 'write the release', path, 'out');
  }
}

function inTargetOrder(runtimes: readonly Runtime[]): readonly Runtime[] {
  return TARGETS.flatMap(({ triple }) => {
    const own = runtimes.filter(({ manifest }) => manifest.target === triple);
    if (own.length <= 1) return own;
    throw new CodexRuntimeError('USAGE', `Two runtimes were given for ${triple}.`, {
      fields: { target: triple },
    });
  });
}

function commonVersion(runtimes: readonly Runtime[]): string {
  const versions = [...new Set(runtimes.map(({ manifest }) => manifest.version))];
  const [version] = versions;
  if (version !== undefined && versions.length === 1) return version;
  throw new CodexRuntimeError('USAGE', 'A release holds the runtimes of one version.', {
    hint: 'Pack each version into its own directory.',
    fields: { versions },
  });
}
