export { saveBundle } from './save-bundle.ts';
export { releaseSigner, type Signer } from './signer.ts';
export type { VerifiedSignature } from './verified-signature.ts';
export { verifyReleaseSignature } from './verify-release-signature.ts';
