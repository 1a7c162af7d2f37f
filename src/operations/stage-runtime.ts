import { resolve } from 'node:path';
import { CodexRuntimeError } from '../errors.ts';
import { tellWaiting } from '../events.ts';
import {
  type PackagePlan,
  planPackage,
  planRootPackage,
  verifyMetadata,
  verifyPackageDirectory,
  writePackage,
} from '../package/stage/index.ts';
import {
  type Ecosystem,
  openRequest,
  type Request,
  type RuntimeOptions,
  settingsOf,
} from '../request/index.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import { exactRequest } from './exact-request.ts';
import { provisionTargets } from './provision-targets.ts';

export interface StageOptions extends RuntimeOptions {
  /** Directory that becomes the package; missing or empty. */
  readonly out: string;
  /**
   * npm's root package, which depends on the platform packages, in place of one of those. It has no
   * target and no variant.
   */
  readonly root?: boolean;
  /** npm name; Python's follows from it. Default `codex-cli-bin`. */
  readonly name?: string;
  /** Directory of templates in place of the bundled ones. */
  readonly templatesDir?: string;
  /**
   * Repository for the package's metadata: an `https` or `ssh` URL, or GitHub's `owner/name`.
   * Default: Codex's own.
   */
  readonly repository?: string;
}

/** A package directory. */
export interface StagedPackage {
  /** Absolute. */
  readonly dir: string;
  readonly ecosystem: Ecosystem;
  readonly name: string;
  /** In the ecosystem's own spelling. */
  readonly version: string;
  /** Null for a root package. */
  readonly target: Triple | null;
  /** Absolute path of the native executable; null for a root package. */
  readonly executable: string | null;
}

/**
 * Puts a runtime into a package directory made from templates: for npm the package itself, for
 * Python the tree of a wheel without what packing adds (`WHEEL`, `RECORD`).
 * @throws CodexRuntimeError what provisioning throws; `TEMPLATE_INVALID`, `PREFIX_INVALID`; `USAGE`
 * for a name or repository that npm refuses, and for a root package with a target or variant
 */
export async function stageRuntime(options: StageOptions): Promise<StagedPackage> {
  const settings = settingsOf(options);
  const root = options.root === true;
  if (root) refuseForRoot(options);
  verifyMetadata(options);
  const dir = resolve(settings.cwd, options.out);
  await verifyPackageDirectory(dir);
  const request = await openRequest(options, settings);
  const plan = await (root ? planRoot : planTarget)(request, options);
  const onWait = tellWaiting(options.onProgress, `another process is writing ${dir}`);
  await writePackage(plan, dir, { onWait, signal: options.signal });
  const { ecosystem, name, version, target, executable } = plan;
  const path = executable === null ? null : resolve(dir, executable);
  return { dir, ecosystem, name, version, target, executable: path };
}

async function planTarget(request: Request, options: StageOptions): Promise<PackagePlan> {
  const [runtime] = await provisionTargets(request, [request.target]);
  if (runtime === undefined) throw new TypeError('provisioning gave no runtime');
  return await planPackage({
    ...templateOptions(options),
    runtime,
    ecosystem: options.ecosystem ?? 'node',
  });
}

async function planRoot(request: Request, options: StageOptions): Promise<PackagePlan> {
  const { version } = await exactRequest(request);
  return await planRootPackage({
    ...templateOptions(options),
    version: version.semver,
    targets: TARGETS,
  });
}

function refuseForRoot({ ecosystem, target, variant = 'auto' }: StageOptions): void {
  if (ecosystem === 'python') {
    throw new CodexRuntimeError('USAGE', 'Only npm has root packages; Python does not.', {
      hint: 'Leave out --root, or --ecosystem python.',
    });
  }
  if (target === undefined && variant === 'auto') return;
  throw new CodexRuntimeError('USAGE', 'A root package has no target and no variant.', {
    hint: 'Leave these out: it depends on the packages of all six targets.',
  });
}

function templateOptions({ name, templatesDir, repository }: StageOptions) {
  return {
    name,
    templatesDir,
    repository,
  };
}
