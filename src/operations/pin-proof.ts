import { CodexRuntimeError } from '../errors.ts';
import {
  type Lock,
  type LockSalvage,
  type ProofLevel,
  reaches,
  strongestProof,
} from '../lockfile/index.ts';
import { hasSignatures } from '../request/index.ts';
import { parseTarget, TARGETS, type Triple } from '../target/index.ts';

/** The strongest proof of each target that a lock pins. */
export type ProofLevels = LockSalvage['levels'];

/** What was verified of each target. */
export function proofLevels({ targets }: Pick<Lock, 'targets'>): ProofLevels {
  return Object.fromEntries(
    TARGETS.flatMap(({ triple }) => {
      const assets = targets[triple]?.assets;
      return assets === undefined
        ? []
        : [[triple, strongestProof(assets.map(({ proof }) => proof))]];
    }),
  );
}

interface Floor {
  /** The level that is asked for in this run, else the lockfile's rule; undefined for neither. */
  readonly required: ProofLevel | undefined;
  /** What the lockfile that is replaced had, where no level is required. */
  readonly before: ProofLevels;
  /** Why a channel gave nothing. */
  readonly silent: readonly { readonly channel: string }[];
}

/**
 * Throws unless a new lock proves as much as it has to: what is required, else what the lock before
 * it had. A signature that the lockfile requires is verified by every installation, so it counts.
 * @throws CodexRuntimeError `SIGNATURE_MISSING` with the targets that fall short in `fields.targets`
 */
export function verifyProof(lock: Lock, { required, before, silent }: Floor): void {
  const levels = proofLevels(lock);
  const weak = Object.entries(levels).flatMap(([name, level]) => {
    const triple = name as Triple;
    const wanted = required ?? before[triple] ?? 'digest';
    const signed = lock.signature === 'required' && hasSignatures(parseTarget(triple));
    const reached = required === undefined && signed ? strongestProof([level, 'sigstore']) : level;
    return reaches(reached, wanted) ? [] : [{ target: triple, level, required: wanted }];
  });
  const [first] = weak;
  if (first === undefined) return;
  const more = weak.length === 1 ? '' : ` (and ${weak.length - 1} more)`;
  const lowest = strongestProof(
    weak.map(({ level }) => level).filter((one, _, all) => all.every((o) => reaches(o, one))),
  );
  const unheard = silent.map(({ channel }) => channel);
  const again =
    unheard.length === 0 ? '' : `Run it again where ${unheard.join(', ')} answers, or a`;
  const deep =
    first.required === 'sigstore' ? ' Signatures are verified by --deep, for Linux.' : '';
  throw new CodexRuntimeError(
    'SIGNATURE_MISSING',
    required === undefined
      ? `Codex ${lock.version} would be pinned with less proof than the lockfile has: ${first.target} has ${first.level}, and had ${first.required}${more}.`
      : `Codex ${lock.version} for ${first.target} has ${first.level}, and ${first.required} is required${more}.`,
    {
      hint: `${again === '' ? 'A' : again}ccept less with --require ${lowest}.${deep}`,
      fields: { version: lock.version, targets: weak },
    },
  );
}
