export { saveBundle } from './save-bundle.ts';
export { releaseSigner, type Signer } from './signer.ts';
export { verifyReleaseSignature } from './verify-release-signature.ts';
