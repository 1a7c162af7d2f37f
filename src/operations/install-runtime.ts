import type { Variant } from '../asset.ts';
import { isOneFileSystem } from '../disk/free-space.ts';
import { tellWaiting } from '../events.ts';
import {
  currentBuild,
  type InstalledPackage,
  listLeftovers,
  type NodeInstallation,
  type PrefixLayout,
  type PrefixOptions,
  rememberPrefix,
  removedBy,
} from '../install/index.ts';
import type { ExactRequest } from '../request/index.ts';

import { holdPath, type Runtime, runtimeDir } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import { obtainRuntime } from './obtain-runtime.ts';
import { planInstall } from './plan-install.ts';
import { sweepKilledRun } from './sweep-killed-run.ts';
import { useRuntime, waitForRuntime } from './use-runtime.ts';

export interface InstallOptions extends PrefixOptions {
  /** Directory of templates in place of the bundled ones. */
  readonly templatesDir?: string;
}

/** What an installation left, and what it took to get there. */
export interface InstallResult {
  /** Semver. */
  readonly version: string;
  readonly target: Triple;
  readonly variant: Variant;
  /** Absolute path of the native executable. */
  readonly executable: string;
  /** Absolute path of the prefix, or of the Python environment. */
  readonly prefix: string;
  /** The installed package; `version` in its ecosystem's spelling, `dir` absolute. */
  readonly package: { readonly name: string; readonly version: string; readonly dir: string };
  /** Where the store keeps, or kept, the same runtime; absolute. */
  readonly runtime: { readonly dir: string };
  /** What delivered: a source, `store`, or `prefix` when there was nothing to do. */
  readonly source: string;
  /** Bytes that came over the wire. */
  readonly downloaded: number;
  /** `owner/name` whose release it is. */
  readonly repo: string;
  /** Absolute path of the lockfile that pins it; null where none does. */
  readonly lockfile: string | null;
}

/**
 * The whole sentence: pin, target, resolve, download, extract, store, stage, install.
 * A prefix that already holds the wanted runtime whole is left as it is.
 *
 * @throws CodexRuntimeError what each step throws; docs/cli.md has all codes. The usual ones:
 * `PIN_MISSING`, `PIN_INVALID`, `LOCK_INVALID`, `LOCK_INCOMPLETE`, `UNSUPPORTED_PLATFORM`,
 * `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`, `SOURCES_EXHAUSTED`, `OFFLINE`, `DIGEST_MISMATCH`,
 * `ARCHIVE_REFUSED`, `VERSION_MISMATCH`, `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `DISK_FULL`,
 * `PERMISSION_DENIED`, `PREFIX_INVALID`, `STORE_BUSY`, `ABORTED`
 */
export async function installRuntime(options: InstallOptions = {}): Promise<InstallResult> {
  const plan = await planInstall(options);
  const { request, layout, name } = plan;
  if (plan.action === 'none') {
    await finishKilledRun(layout, plan.present, request);
    const dir = runtimeDir(request.settings.home, plan.present.runtime);
    return resultOf({ layout, request }, plan.present, { dir, source: 'prefix', downloaded: 0 });
  }
  if (plan.action === 'download') {
    const { verifyPrefix } = await import('../install/verify-prefix.ts');
    await verifyPrefix(layout, { name, target: request.target, force: request.force });
  }
  const { provisioned, result: installed } = await useRuntime({
    obtain: async (again) => {
      const shares = await isOneFileSystem(request.settings.home, layout.prefix);
      const copies = shares ? [] : [layout.prefix];
      return await obtainRuntime(again ? { ...plan, action: 'download' } : plan, copies);
    },
    use: (runtime) => installStaged(options, { request, layout, name, runtime }),
    hold: holdPath(request.settings.home, request.version.semver, request.target.triple),
    onWait: waitForRuntime(request),
    signal: options.signal,
  });
  const { dir, executable, replaced } = installed;
  await notePrefix(layout, name, request);
  request.onProgress?.({
    type: 'installed',
    dir,
    executable,
    removedBy: await removedBy(layout, name),
    replaced,
    withoutLinks: (await currentBuild(layout, name)) === undefined,
  });
  const { runtime, source, downloaded } = provisioned;
  return resultOf({ layout, request }, installed, { dir: runtime.dir, source, downloaded });
}

/** A run may have been killed after its package was whole; what it left undone is done here. */
async function finishKilledRun(
  layout: PrefixLayout,
  { name }: InstalledPackage,
  request: ExactRequest,
): Promise<void> {
  if ((await listLeftovers(layout, name)).length > 0) {
    const { tidyPrefix } = await import('../install/node.ts');
    await tidyPrefix(layout, name);
  }
  await sweepKilledRun(request);
  await notePrefix(layout, name, request);
}

async function notePrefix(
  { prefix, global }: PrefixLayout,
  name: string,
  { settings }: ExactRequest,
): Promise<void> {
  await rememberPrefix(settings.home, { prefix, global, name });
}

async function installStaged(
  options: InstallOptions,
  into: { request: ExactRequest; layout: PrefixLayout; name: string; runtime: Runtime },
): Promise<NodeInstallation> {
  const { planPackage } = await import('../stage/index.ts');
  const { installNodePackage } = await import('../install/node.ts');
  const { templatesDir, onProgress, signal } = options;
  const plan = await planPackage({
    runtime: into.runtime,
    ecosystem: 'node',
    name: into.name,
    templatesDir,
  });
  return await installNodePackage({
    plan,
    layout: into.layout,
    force: into.request.force,
    onWait: tellWaiting(onProgress, `another process is changing ${into.layout.prefix}`),
    onLeftover: (leftover) => into.request.onProgress?.({ type: 'leftover', ...leftover }),
    signal,
  });
}

function resultOf(
  { layout, request }: { readonly layout: PrefixLayout; readonly request: ExactRequest },
  installed: InstalledPackage,
  from: { readonly dir: string; readonly source: string; readonly downloaded: number },
): InstallResult {
  const { name, version, dir, executable, runtime } = installed;
  return {
    version,
    target: runtime.target,
    variant: runtime.variant,
    executable,
    prefix: layout.prefix,
    package: { name, version, dir },
    runtime: { dir: from.dir },
    source: from.source,
    downloaded: from.downloaded,
    repo: request.settings.github.repo,
    lockfile: request.lockPath,
  };
}
