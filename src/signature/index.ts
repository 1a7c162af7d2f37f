export {
  ATTESTATIONS_SUFFIX,
  type AttestationPlace,
  type AttestationSources,
  openAttestations,
} from './fetch-attestations.ts';
export type { FetchedBundle } from './fetch-bundle.ts';
export { saveAttestations } from './save-attestations.ts';
export { type LackingBundle, saveBundle } from './save-bundle.ts';
export { seekBundle } from './seek-bundle.ts';
export type { AttestedBytes } from './statement.ts';
export { verifiedReleaseSignature } from './verified-release-signature.ts';
export type { VerifiedSignature } from './verified-signature.ts';
