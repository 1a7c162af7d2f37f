import type { Hold, HoldWait } from '../../src/store/index.ts';

/** The hold of a test that is alone with its store. */
export const HELD: Hold = { verifyHeld: async () => undefined };

/** A wait that is told to nobody and ends by itself. */
export const PATIENT: HoldWait = { onWait: () => undefined, signal: undefined };
