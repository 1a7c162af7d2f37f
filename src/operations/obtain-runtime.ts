import type { Provisioned } from '../provision.ts';
import { noteUse } from '../store/index.ts';
import type { FetchPlan } from './plan-install.ts';
import { sweepKilledRun } from './sweep-killed-run.ts';

/**
 * Brings what is planned: from the store, for use, else from a channel. What fetches and unpacks is
 * loaded only by who needs it; the store answers most runs.
 * @throws CodexRuntimeError what provisioning throws
 */
export async function obtainRuntime(plan: FetchPlan): Promise<Provisioned> {
  if (plan.action === 'link') {
    await noteUse(plan.request.settings.home, plan.stored.manifest);
    // Whoever stored it may have been killed just after that.
    await sweepKilledRun(plan.request);
    return { runtime: plan.stored, source: 'store', downloaded: 0 };
  }
  const { provisionRuntime } = await import('../provision.ts');
  return await provisionRuntime(plan.request);
}
