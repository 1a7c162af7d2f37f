import { anySignal } from '../abort.ts';
import { provisionRuntime } from '../provision/index.ts';
import type { Request } from '../request/index.ts';
import type { Runtime } from '../store/index.ts';
import type { Target } from '../target/index.ts';
import { combineProgress } from './combine-progress.ts';
import { exactRequest } from './exact-request.ts';

/** Targets that are fetched at the same time: unpacking one keeps one core busy. */
const AT_ONCE = 2;

/**
 * Brings one version for several targets into the store; what is there is not fetched again. All are
 * of one version, and held to one lockfile.
 * @throws CodexRuntimeError what provisioning throws, naming the target; the first failure ends the
 * others
 */
export async function provisionTargets(
  request: Request,
  targets: readonly Target[],
): Promise<readonly Runtime[]> {
  const failed = new AbortController();
  const signal = anySignal(request.signal, failed.signal);
  const { version } = await exactRequest(request);
  const waiting = [...targets];
  const progress = combineProgress(request.onProgress);
  const runtimes: Runtime[] = [];
  const work = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const onProgress = progress.part();
      const exact = { ...request.at(version, target), signal, onProgress };
      const { runtime } = await provisionRuntime(exact);
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
