import type { SignedContent } from '../asset.ts';
import type { Signer } from '../request/index.ts';

/** A signature that was verified, as the store remembers it. */
export interface VerifiedSignature extends Signer {
  readonly over: SignedContent;
  /** Name of the release's bundle, e.g. `codex-x86_64-unknown-linux-musl.sigstore`. */
  readonly bundle: string;
  /**
   * When the transparency log took the signature in, ISO 8601; null where the log does not vouch for
   * a time and a timestamp authority does.
   */
  readonly integratedTime: string | null;
  readonly logIndex: number;
}
