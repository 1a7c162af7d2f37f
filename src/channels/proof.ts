import type { Asset, Channel, Digest } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { type Lock, type ProofLevel, pinCommand, strongestProof } from '../lockfile/index.ts';
import type { Target } from '../target/index.ts';

/** What is proven of an asset before its bytes come. */
export function proofOf({ digests }: Pick<Asset, 'digests'>): ProofLevel {
  return strongestProof(digests.map(digestProof));
}

/** Of one digest: what is on record, else what the registry's key has vouched for. */
function digestProof({ proof, registryKey }: Pick<Digest, 'proof' | 'registryKey'>) {
  return proof ?? (typeof registryKey === 'string' ? 'npm-signature' : undefined);
}

/** A `LOCK_INCOMPLETE`: the channel has the target, and with less proof than the lock requires. */
export function notProven(
  lock: Lock & { readonly require: ProofLevel },
  target: Target,
  { channel, level }: { readonly channel: Channel; readonly level: ProofLevel },
): CodexRuntimeError {
  const { version } = lock;
  return new CodexRuntimeError(
    'LOCK_INCOMPLETE',
    `The lockfile requires ${lock.require} of Codex ${version}, and ${channel} has ${level} for ${target.triple}.`,
    {
      hint: `Take a --source that has it, or accept less with "${pinCommand(lock)} --require ${level}".`,
      fields: { version, target: target.triple, channel, required: lock.require, level },
    },
  );
}
