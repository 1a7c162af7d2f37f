export type { FetchedBundle } from './fetch-bundle.ts';
export { saveBundle } from './save-bundle.ts';
export { seekBundle } from './seek-bundle.ts';
export { releaseSigner, type Signer } from './signer.ts';
export { verifiedReleaseSignature } from './verified-release-signature.ts';
export type { VerifiedSignature } from './verified-signature.ts';
