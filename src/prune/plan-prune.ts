import type { Runtime } from '../store/index.ts';

/** Why a runtime stays. */
export type KeepReason =
  /** A prefix shares its files. */
  | 'linked'
  /** A known prefix has this version for this target. */
  | 'installed'
  /** A process runs from it. */
  | 'running'
  /** It was used within `unusedForMs`. */
  | 'recent'
  /** It is one of the `keep` versions that were used last. */
  | 'kept'
  /** Another process is working on it. */
  | 'busy';

/** A stored runtime with all that decides about it. */
export interface PruneCandidate {
  readonly runtime: Runtime;
  readonly lastUsed: Date;
  /** Bytes that its removal would free. */
  readonly own: number;
  readonly linked: boolean;
  readonly installed: boolean;
  readonly running: boolean;
}

export interface PrunePolicy {
  /** How many versions stay, those used last first. */
  readonly keep: number;
  /** Milliseconds without use after which a runtime may go. */
  readonly unusedForMs: number;
}

export interface PruneDecision extends PruneCandidate {
  /** Empty when it may go. */
  readonly reasons: readonly KeepReason[];
}

/** Decides which runtimes may go, and does nothing. */
export function planPrune(
  candidates: readonly PruneCandidate[],
  policy: PrunePolicy,
  now: Date,
): readonly PruneDecision[] {
  const kept = new Set(versionsByUse(candidates).slice(0, policy.keep));
  return candidates.map((candidate) => {
    const unused = now.getTime() - candidate.lastUsed.getTime();
    const reasons: readonly (KeepReason | false)[] = [
      candidate.linked && 'linked',
      candidate.installed && 'installed',
      candidate.running && 'running',
      unused < policy.unusedForMs && 'recent',
      kept.has(candidate.runtime.manifest.version) && 'kept',
    ];
    return { ...candidate, reasons: reasons.filter((reason) => reason !== false) };
  });
}

/** The versions, the one that was used last first. */
function versionsByUse(candidates: readonly PruneCandidate[]): readonly string[] {
  const uses = new Map<string, number>();
  for (const { runtime, lastUsed } of candidates) {
    const { version } = runtime.manifest;
    uses.set(version, Math.max(uses.get(version) ?? 0, lastUsed.getTime()));
  }
  return [...uses].sort(([, a], [, b]) => b - a).map(([version]) => version);
}
