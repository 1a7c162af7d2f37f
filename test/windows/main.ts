/**
 * `npm run windows`: the packed command under the real node.exe, with real and small codex.exe, in
 * Debian's Wine. Prints a line a case, and exits with 1 when one failed.
 *
 *   npm run windows -- --only running,kill     (cases whose title holds one of the words)
 *   npm run windows -- --keep                  (leaves the rig, for a look)
 */
import { parseArgs } from 'node:util';
import { CASES } from './cases.ts';
import { Rig } from './rig.ts';

const { values } = parseArgs({
  options: { only: { type: 'string' }, keep: { type: 'boolean', default: false } },
});
const words = values.only?.split(',') ?? [''];
const chosen = Object.entries(CASES).filter(([title]) =>
  words.some((word) => title.includes(word)),
);

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const begun = performance.now();
const rig = await Rig.make();
console.log(`rig ready (${seconds(begun)})`);
let failed = 0;
try {
  for (const [title, run] of chosen) {
    const since = performance.now();
    try {
      await run(rig);
      console.log(`ok    ${title} (${seconds(since)})`);
    } catch (error) {
      failed += 1;
      rig.stopPrograms();
      console.log(
        `FAIL  ${title} (${seconds(since)})\n${error instanceof Error ? error.stack : error}`,
      );
    }
  }
} finally {
  if (values.keep) console.log(rig.dir);
  else await rig.close();
}
console.log(seconds(begun));
console.log(`tests: ${chosen.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
