import { join } from 'node:path';
import type { Variant } from '../asset.ts';
import type { PrefixOptions } from '../place/index.ts';
import { executablePath, type RuntimeDescription } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import { obtainRuntime } from './obtain-runtime.ts';
import { planRun } from './plan-install.ts';

/** A runtime that is here, whole, and ready to run. */
export interface EnsuredRuntime {
  /** Semver. */
  readonly version: string;
  readonly target: Triple;
  readonly variant: Variant;
  /** Absolute path of the native executable. */
  readonly executable: string;
  /** Absolute path of the directory that belongs on the `PATH` of Codex (`rg`), or null. */
  readonly pathDir: string | null;
  /** Absolute path of the runtime tree. */
  readonly dir: string;
  /** What delivered: a source, `store`, or `prefix`. */
  readonly source: string;
  /** Bytes that came over the wire. */
  readonly downloaded: number;
  /** `owner/name` whose release it is. */
  readonly repo: string;
  /** Absolute path of the lockfile that pins it; null where none does. */
  readonly lockfile: string | null;
}

/**
 * Makes sure that the wanted runtime is on this machine, in the store, and says where. Nothing is
 * installed into a prefix; one that a prefix holds is taken when no version is named anywhere.
 *
 * @throws CodexRuntimeError what provisioning throws; `PIN_MISSING` when nothing says which version
 */
export async function ensureRuntime(options: PrefixOptions = {}): Promise<EnsuredRuntime> {
  const plan = await planRun(options);
  const { settings, lockPath } = plan.request;
  const by = { repo: settings.github.repo, lockfile: lockPath };
  if (plan.action === 'none') {
    const { runtime, dir } = plan.present;
    return ensuredRuntime(runtime, dir, { source: 'prefix', downloaded: 0, ...by });
  }
  const { runtime, source, downloaded } = await obtainRuntime(plan);
  return ensuredRuntime(runtime.manifest, runtime.dir, { source, downloaded, ...by });
}

function ensuredRuntime(
  runtime: RuntimeDescription,
  dir: string,
  from: Pick<EnsuredRuntime, 'source' | 'downloaded' | 'repo' | 'lockfile'>,
): EnsuredRuntime {
  const { version, target, variant, files } = runtime;
  const executable = executablePath(dir, runtime);
  const hasPath = files.some(({ path }) => path.startsWith('codex-path/'));
  const pathDir = hasPath ? join(dir, 'codex-path') : null;
  return { version, target, variant, executable, pathDir, dir, ...from };
}
