import type { Asset, SignedContent } from '../asset.ts';
import { hasSignatures } from '../request/index.ts';

/** A Sigstore bundle that a release may have, and what its signature is over. */
export interface SignatureBundle {
  readonly name: string;
  readonly over: SignedContent;
}

/**
 * The bundles that can speak for `asset`, the more telling first: the `.tar.gz` of the package may
 * have one of its own; the executable in every archive is the file that upstream signs.
 */
export function signatureBundles({
  name,
  target,
  digests,
}: Pick<Asset, 'name' | 'target' | 'digests'>): readonly SignatureBundle[] {
  if (!hasSignatures(target)) return [];
  const signed = name === `codex-package-${target.triple}.tar.gz`;
  // Held against the digest that the download was checked with.
  const comparable = digests.some(({ algorithm }) => algorithm === 'sha256');
  return [
    ...(signed && comparable ? [{ name: `${name}.sigstore`, over: 'archive' as const }] : []),
    { name: `codex-${target.triple}.sigstore`, over: 'entrypoint' },
  ];
}
