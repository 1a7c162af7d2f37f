export type { RuntimeDamage } from './damage.ts';
export { missingMembers } from './expected-members.ts';
export { type Verification, type VerifiedRuntime, verifyRuntimes } from './verify-runtimes.ts';
