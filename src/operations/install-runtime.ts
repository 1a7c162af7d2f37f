import { throwIfAborted } from '../abort.ts';
import type { Variant } from '../asset.ts';
import { tellWaiting } from '../events.ts';
import type { PlacedPackage, PlaceOptions } from '../place/index.ts';
import { rememberPrefix } from '../place/index.ts';
import { holdPath, runtimeDir } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import { obtainRuntime } from './obtain-runtime.ts';
import { type FetchPlan, type PresentPlan, planInstall } from './plan-install.ts';
import type { InstallPlan } from './preview-plan.ts';
import { sweepKilledRun } from './sweep-killed-run.ts';
import { useRuntime, waitForRuntime } from './use-runtime.ts';

export interface InstallOptions extends PlaceOptions {
  /** Directory of templates in place of the bundled ones. */
  readonly templatesDir?: string;
  /** Say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean;
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
 * The whole sentence: pin, target, resolve, download, extract, store, stage, install. A place that
 * already holds the wanted runtime whole is left as it is.
 *
 * With `ecosystem: 'python'` the runtime becomes a wheel, which the interpreter's own pip installs
 * into its environment, or with `prefix` into a directory of packages.
 *
 * With `dryRun` it decides what it would do, and does nothing.
 *
 * @throws CodexRuntimeError what each step throws; docs/cli.md has all codes. The usual ones:
 * `PIN_MISSING`, `PIN_INVALID`, `LOCK_INVALID`, `LOCK_INCOMPLETE`, `UNSUPPORTED_PLATFORM`,
 * `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`, `SOURCES_EXHAUSTED`, `OFFLINE`, `DIGEST_MISMATCH`,
 * `ARCHIVE_REFUSED`, `VERSION_MISMATCH`, `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `DISK_FULL`,
 * `PERMISSION_DENIED`, `PREFIX_INVALID`, `INSTALL_FAILED` (with pip's words), `STORE_BUSY`, `ABORTED`
 */
export async function installRuntime(
  options: InstallOptions & { readonly dryRun: true },
): Promise<InstallPlan>;
export async function installRuntime(
  options?: InstallOptions & { readonly dryRun?: false },
): Promise<InstallResult>;
export async function installRuntime(
  options: InstallOptions = {},
): Promise<InstallResult | InstallPlan> {
  const plan = await planInstall(options);
  throwIfAborted(options.signal);
  if (plan.action !== 'none') await plan.place.accept(plan.request);
  if (options.dryRun === true) {
    const { previewPlan } = await import('./preview-plan.ts');
    return await previewPlan(plan);
  }
  return plan.action === 'none' ? await keep(plan) : await install(plan, options.templatesDir);
}

/** A run may have been killed after its package was whole; what it left undone is done here. */
async function keep({ place, request, present }: PresentPlan): Promise<InstallResult> {
  const { home } = request.settings;
  await place.settle();
  await sweepKilledRun(request);
  await rememberPrefix(home, place.known(present));
  const dir = runtimeDir(home, present.runtime);
  return resultOf(request, present, { dir, source: 'prefix', downloaded: 0 });
}

async function install(plan: FetchPlan, templatesDir: string | undefined): Promise<InstallResult> {
  const { place, request } = plan;
  const { onProgress, signal, settings, version, target } = request;
  const onWait = tellWaiting(onProgress, `another process is changing ${await place.prefix()}`);
  const { provisioned, result: installed } = await useRuntime({
    obtain: async (again) => {
      const copies = await place.copies();
      return await obtainRuntime(again ? { ...plan, action: 'download' } : plan, copies);
    },
    use: (runtime) => place.install({ request, runtime, templatesDir, onWait }),
    hold: holdPath(settings.home, version.semver, target.triple),
    onWait: waitForRuntime(request),
    signal,
  });
  await rememberPrefix(settings.home, place.known(installed));
  const { dir, executable, removedBy, replaced, withoutLinks } = installed;
  onProgress?.({ type: 'installed', dir, executable, removedBy, replaced, withoutLinks });
  const { runtime, source, downloaded } = provisioned;
  return resultOf(request, installed, { dir: runtime.dir, source, downloaded });
}

function resultOf(
  { settings, lockPath }: PresentPlan['request'],
  { name, version, dir, executable, prefix, runtime }: PlacedPackage,
  from: { readonly dir: string; readonly source: string; readonly downloaded: number },
): InstallResult {
  return {
    version: runtime.version,
    target: runtime.target,
    variant: runtime.variant,
    executable,
    prefix,
    package: { name, version, dir },
    runtime: { dir: from.dir },
    source: from.source,
    downloaded: from.downloaded,
    repo: settings.github.repo,
    lockfile: lockPath,
  };
}
