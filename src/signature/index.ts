export { releaseSigner, type Signer } from './signer.ts';
export { verifyReleaseSignature } from './verify-release-signature.ts';
