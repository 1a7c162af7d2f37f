import { resolve } from 'node:path';
import { CodexRuntimeError } from '../errors.ts';
import { exactRequest } from '../exact-request.ts';
import type { Ecosystem } from '../pin/index.ts';
import { completeRequest, type RuntimeOptions, settingsOf } from '../request.ts';
import {
  type PackagePlan,
  planPackage,
  planRootPackage,
  verifyPackageDirectory,
  writePackage,
} from '../stage/index.ts';
import { hostTarget, parseTarget, TARGETS } from '../target/index.ts';
import { provisionTargets } from './provision-targets.ts';

export interface StageOptions extends RuntimeOptions {
  /** Directory that becomes the package; missing or empty. */
  readonly out: string;
  /** npm's root package, which depends on the platform packages, in place of one of those. */
  readonly root?: boolean;
  /** npm name; Python's follows from it. Default `codex-cli-bin`. */
  readonly name?: string;
  /** Directory of templates in place of the bundled ones. */
  readonly templatesDir?: string;
  /** URL for the package's metadata. Default: Codex's own. */
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
  readonly target: string | null;
  /** Absolute path of the native executable; null for a root package. */
  readonly executable: string | null;
}

/**
 * Puts a runtime into a package directory made from templates: for npm the package itself, for
 * Python the tree of a wheel without what packing adds (`WHEEL`, `RECORD`).
 * @throws CodexRuntimeError what provisioning throws; `TEMPLATE_INVALID`, `PREFIX_INVALID`, `USAGE`
 */
export async function stageRuntime(options: StageOptions): Promise<StagedPackage> {
  const settings = settingsOf(options);
  const dir = resolve(settings.cwd, options.out);
  await verifyPackageDirectory(dir);
  const plan = options.root === true ? await planRoot(options) : await planTarget(options);
  await writePackage(plan, dir, options.signal);
  const { ecosystem, name, version, target, executable } = plan;
  const path = executable === null ? null : resolve(dir, executable);
  return { dir, ecosystem, name, version, target, executable: path };
}

async function planTarget(options: StageOptions): Promise<PackagePlan> {
  const { host } = settingsOf(options);
  const target = options.target === undefined ? hostTarget(host) : parseTarget(options.target);
  const [runtime] = await provisionTargets(options, [target]);
  if (runtime === undefined) throw new TypeError('provisioning gave no runtime');
  return await planPackage({
    ...templateOptions(options),
    runtime,
    ecosystem: options.ecosystem ?? 'node',
  });
}

async function planRoot(options: StageOptions): Promise<PackagePlan> {
  if (options.ecosystem === 'python') {
    throw new CodexRuntimeError('USAGE', "A root package is npm's: Python has none.", {
      hint: 'Leave out --root, or --ecosystem python.',
    });
  }
  const { version } = await exactRequest(await completeRequest(options));
  return await planRootPackage({
    ...templateOptions(options),
    version: version.semver,
    targets: TARGETS,
  });
}

function templateOptions({ name, templatesDir, repository }: StageOptions) {
  return {
    name,
    templatesDir,
    repository,
  };
}
