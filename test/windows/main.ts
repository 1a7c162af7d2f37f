/**
 * `npm run windows`: the packed command under the real node.exe, with real and small codex.exe, in
 * Debian's Wine, or as they are on a machine with Windows (which needs gcc). Prints a line a case, and exits with 1 when one failed.
 *
 *   npm run windows -- --only runs,kill     (cases whose title holds one of the words)
 */
import { runCases } from '../support/run-cases.ts';
import { CASES, WINE_CASES } from './cases.ts';
import { Rig } from './rig.ts';
import { ON_WINDOWS, stopPrograms } from './wine.ts';

await runCases(
  ON_WINDOWS ? CASES : { ...CASES, ...WINE_CASES },
  () => Rig.make(),
  ({ dir }) => stopPrograms(dir),
);
