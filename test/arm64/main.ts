/**
 * `npm run arm64`: the packed command on a Node of arm64 with the real builds for linux-arm64, under
 * qemu; and the real builds for macOS, as far as their bytes tell. Prints a line a case, and exits with 1 when one failed.
 *
 *   npm run arm64 -- --only wheel,turn     (cases whose title holds one of the words)
 */
import { runCases } from '../support/run-cases.ts';
import { CASES } from './cases.ts';
import { IMAGE_CASES } from './image-cases.ts';
import { MACOS_CASES } from './macos-cases.ts';
import { enterEmulation, installTools, isEmulating, Rig } from './rig.ts';

if (!isEmulating) {
  installTools();
  // Only root may become the user of an image.
  if (process.getuid?.() === 0) await runCases(IMAGE_CASES, () => Rig.make());
  enterEmulation();
}
await runCases({ ...CASES, ...MACOS_CASES }, () => Rig.make());
