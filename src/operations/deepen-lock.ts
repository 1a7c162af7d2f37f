import { type Lock, parseVersion } from '../pin/index.ts';
import { provisionRuntime } from '../provision.ts';
import { type ExactRequest, exactRequest, type RuntimeOptions, settingsOf } from '../request.ts';
import { DEFAULT_SOURCES, parseSources, withEntrypoints } from '../resolve/index.ts';
import { entrypointDigest } from '../store/index.ts';
import { TARGETS, type Target, type Triple } from '../target/index.ts';
import { combineProgress } from './combine-progress.ts';

/** Targets that are fetched at the same time: unpacking one keeps one core busy. */
const AT_ONCE = 2;

/**
 * Brings every locked target into the store, held to the lock, and adds the digests of the
 * executables inside. What the store has already is not fetched again.
 * @throws CodexRuntimeError what provisioning throws; the first failure ends the others
 */
export async function deepenLock(options: RuntimeOptions, lock: Lock): Promise<Lock> {
  const failed = new AbortController();
  const signal =
    options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const waiting = TARGETS.filter(({ triple }) => lock.targets[triple] !== undefined);
  const progress = combineProgress(options.onProgress);
  const found: Partial<Record<Triple, string>> = {};

  const work = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const onProgress = progress.part();
      const { runtime } = await provisionRuntime({
        ...(await requestFor(options, lock, target)),
        ...(onProgress === undefined ? {} : { onProgress }),
        signal,
      });
      const sha256 = entrypointDigest(runtime.manifest);
      if (sha256 !== undefined) found[target.triple] = sha256;
    }
  };
  const workers = Array.from({ length: AT_ONCE }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
  return withEntrypoints(lock, found);
}

async function requestFor(
  options: RuntimeOptions,
  lock: Lock,
  target: Target,
): Promise<ExactRequest> {
  const version = parseVersion(lock.version);
  return await exactRequest({
    settings: settingsOf(options),
    repo: null,
    pin: { spec: { kind: 'exact', version }, origin: 'lockfile', lock },
    target,
    variant: 'auto',
    sources: options.source === undefined ? DEFAULT_SOURCES : parseSources(options.source),
    frozen: true,
    offline: false,
    force: false,
    // The lock's own rule: it knows which targets have signatures.
    verifySignature: false,
  });
}
