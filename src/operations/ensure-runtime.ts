import { join } from 'node:path';
import { isHealthy, loadInstalled } from '../install/index.ts';
import { completeRequest, exactRequest } from '../request.ts';
import { isWantedOutside, type RuntimeDescription } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import { DEFAULT_PACKAGE_NAME, layoutOf, type PrefixOptions } from './prefix.ts';
import { takeStored } from './take-stored.ts';

/** A runtime that is here, whole, and ready to run. */
export interface EnsuredRuntime {
  /** Semver. */
  readonly version: string;
  readonly target: Triple;
  readonly variant: 'package' | 'binary';
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
}

/**
 * Makes sure that the wanted runtime is on this machine, in the store, and says where. Nothing is
 * installed into a prefix; one that a prefix holds is taken when no version is named anywhere.
 *
 * @throws CodexRuntimeError what provisioning throws; `PIN_MISSING` when nothing says which version
 */
export async function ensureRuntime(options: PrefixOptions = {}): Promise<EnsuredRuntime> {
  const layout = await layoutOf(options);
  const present = await loadInstalled(layout, options.name ?? DEFAULT_PACKAGE_NAME);
  const request = await exactRequest(
    await completeRequest(options, async () =>
      present !== undefined && (await isHealthy(layout, present)) ? present.version : null,
    ),
  );
  const { home } = request.settings;
  if (
    request.pin.origin === 'installed' &&
    present !== undefined &&
    // The prefix said which version; a signature is on record in the store alone.
    (request.signer === undefined || (await isWantedOutside(home, present.runtime, request)))
  ) {
    return describe(present.runtime, present.dir, { source: 'prefix', downloaded: 0 });
  }
  const stored = await takeStored(request);
  if (stored !== undefined) {
    return describe(stored.manifest, stored.dir, { source: 'store', downloaded: 0 });
  }
  const { provisionRuntime } = await import('../provision.ts');
  const { runtime, source, downloaded } = await provisionRuntime(request);
  return describe(runtime.manifest, runtime.dir, { source, downloaded });
}

function describe(
  runtime: RuntimeDescription,
  dir: string,
  from: { readonly source: string; readonly downloaded: number },
): EnsuredRuntime {
  const { version, target, variant, entrypoint, files } = runtime;
  const executable = join(dir, ...entrypoint.split('/'));
  const hasPath = files.some(({ path }) => path.startsWith('codex-path/'));
  const pathDir = hasPath ? join(dir, 'codex-path') : null;
  return { version, target, variant, executable, pathDir, dir, ...from };
}
