import { CodexRuntimeError } from '../errors.ts';

/**
 * What was verified of an asset, the weakest first:
 * `digest`: a channel says it; `npm-signature`: a key of the registry signed it; `npm-provenance`: a
 * Sigstore attestation on npm names the workflow that built it; `sigstore`: the release workflow
 * signed it; `github-attestation`: GitHub's attestation names that workflow for these bytes.
 */
export const PROOF_LEVELS = [
  'digest',
  'npm-signature',
  'npm-provenance',
  'sigstore',
  'github-attestation',
] as const;

export type ProofLevel = (typeof PROOF_LEVELS)[number];

/** Whether a value from outside names a level. */
export function isProofLevel(value: unknown): value is ProofLevel {
  return (PROOF_LEVELS as readonly unknown[]).includes(value);
}

/** @throws CodexRuntimeError `USAGE` */
export function parseProofLevel(text: string): ProofLevel {
  if (isProofLevel(text)) return text;
  throw new CodexRuntimeError('USAGE', `"${text}" is not a level of proof.`, {
    hint: `Use one of ${PROOF_LEVELS.join(', ')}.`,
    fields: { level: text },
  });
}

/** Whether `level` is at least `wanted`. */
export function reaches(level: ProofLevel, wanted: ProofLevel): boolean {
  return PROOF_LEVELS.indexOf(level) >= PROOF_LEVELS.indexOf(wanted);
}

/** The strongest of several levels; a digest is the least that anything has. */
export function strongestProof(levels: readonly (ProofLevel | undefined)[]): ProofLevel {
  return [...PROOF_LEVELS].reverse().find((level) => levels.includes(level)) ?? 'digest';
}
