import type { Hold } from '../../src/store/index.ts';

/** The lock of a test that is alone with its store. */
export const HELD: Hold = { verifyHeld: async () => undefined };
