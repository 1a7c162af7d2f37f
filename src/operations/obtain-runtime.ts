import type { Provisioned } from '../provision/index.ts';
import { noteUse } from '../store/index.ts';
import type { FetchPlan } from './plan-install.ts';
import { sweepKilledRun } from './sweep-killed-run.ts';

/**
 * Takes the planned runtime from the store, else fetches it. The modules that fetch and unpack are
 * loaded only then: most runs find the runtime in the store.
 * @param copies as for `provisionRuntime`
 * @throws CodexRuntimeError what provisioning throws
 */
export async function obtainRuntime(
  plan: FetchPlan,
  copies: readonly string[] = [],
): Promise<Provisioned> {
  if (plan.action === 'link') {
    await noteUse(plan.request.settings.home, plan.stored.manifest);
    // Whoever stored it may have been killed just after that.
    await sweepKilledRun(plan.request);
    return { runtime: plan.stored, source: 'store', downloaded: 0 };
  }
  const { provisionRuntime } = await import('../provision/index.ts');
  return await provisionRuntime(plan.request, copies);
}
