export { loadTrustMaterial } from './trusted-root.ts';
export { verifiedAttestation } from './verified-bundle.ts';
