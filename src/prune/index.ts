export type { KeepReason } from './plan-prune.ts';
export {
  type PrunedRuntime,
  type PruneOptions,
  type PruneResult,
  pruneStore,
} from './prune-store.ts';
