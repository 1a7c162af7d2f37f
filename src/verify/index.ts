export type { RuntimeDamage } from './damage.ts';
export { missingInStore, missingMembers } from './expected-members.ts';
export { shakeHands } from './shake-hands.ts';
export {
  type Verification,
  type VerifiedRuntime,
  type VerifyOptions,
  verifyRuntimes,
} from './verify-runtimes.ts';
