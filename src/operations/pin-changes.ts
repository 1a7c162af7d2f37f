import { isDeepStrictEqual } from 'node:util';
import type { Lock, ProofLevel } from '../lockfile/index.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import { type ProofLevels, proofLevels } from './pin-proof.ts';

/** What a new lock changes of one target. */
export interface PinChange {
  readonly target: Triple;
  readonly kind: 'added' | 'removed' | 'changed';
  /** What is verified of it from now on; null where it is pinned no more. */
  readonly level: ProofLevel | null;
  /** What was verified of it before; null where it was not pinned. */
  readonly previousLevel: ProofLevel | null;
}

/** The targets whose bytes or proof differ, in the order of {@link TARGETS}. */
export function pinChanges(
  before: { readonly lock: Lock | null; readonly levels: ProofLevels },
  after: Lock,
): readonly PinChange[] {
  const levels = proofLevels(after);
  return TARGETS.flatMap(({ triple }): PinChange[] => {
    const [level, previousLevel] = [levels[triple] ?? null, before.levels[triple] ?? null];
    if (level === null && previousLevel === null) return [];
    const kind = previousLevel === null ? 'added' : level === null ? 'removed' : 'changed';
    const same = isDeepStrictEqual(before.lock?.targets[triple], after.targets[triple]);
    return same ? [] : [{ target: triple, kind, level, previousLevel }];
  });
}
