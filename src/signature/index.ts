export { signatureUnsupported } from './faults.ts';
export { isSameSigner, releaseSigner, type Signer } from './signer.ts';
export type { VerifiedSignature } from './verified-signature.ts';
export { type SignatureRequest, verifyReleaseSignature } from './verify-release-signature.ts';
