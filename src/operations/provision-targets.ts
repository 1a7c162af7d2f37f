import { anySignal } from '../abort.ts';
import { exactRequest } from '../exact-request.ts';
import { provisionRuntime } from '../provision.ts';
import { completeRequest, type RuntimeOptions } from '../request.ts';
import type { Runtime } from '../store/index.ts';
import type { Target } from '../target/index.ts';
import { combineProgress } from './combine-progress.ts';

/** Targets that are fetched at the same time: unpacking one keeps one core busy. */
const AT_ONCE = 2;

/**
 * Brings one version for several targets into the store; what is there is not fetched again. A range
 * or `latest` is resolved once, so that all are of one version.
 * @throws CodexRuntimeError what provisioning throws, naming the target; the first failure ends the
 * others
 */
export async function provisionTargets(
  options: RuntimeOptions,
  targets: readonly Target[],
): Promise<readonly Runtime[]> {
  const failed = new AbortController();
  const signal = anySignal(options.signal, failed.signal);
  const { version } = await exactRequest(
    await completeRequest({ ...options, target: targets[0]?.triple ?? '' }),
  );
  const waiting = [...targets];
  const progress = combineProgress(options.onProgress);
  const runtimes: Runtime[] = [];
  const work = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const onProgress = progress.part();
      const request = await completeRequest({
        ...options,
        version: version.semver,
        target: target.triple,
        signal,
        ...(onProgress === undefined ? {} : { onProgress }),
      });
      const { runtime } = await provisionRuntime(await exactRequest(request));
      runtimes.push(runtime);
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
  return runtimes;
}
