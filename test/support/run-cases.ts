import { parseArgs } from 'node:util';

interface Rig {
  close(): Promise<void>;
}

/**
 * Runs the cases of a rig one after the other, prints a line for each, and the numbers at the end.
 * `--only WORD,WORD` chooses those whose title holds a word, `--keep` leaves the rig for a look.
 * @param recover called after a case that failed
 */
export async function runCases<T extends Rig & { readonly dir: string }>(
  cases: Readonly<Record<string, (rig: T) => Promise<void>>>,
  makeRig: () => Promise<T>,
  recover: (rig: T) => void = () => undefined,
): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, keep: { type: 'boolean', default: false } },
  });
  const words = values.only?.split(',') ?? [''];
  const chosen = Object.entries(cases).filter(([title]) =>
    words.some((word) => title.includes(word)),
  );
  if (chosen.length === 0) return console.log('tests: 0 passed, 0 failed, 0 skipped');
  const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
  const begun = performance.now();
  const rig = await makeRig();
  console.log(`the rig is ready (${seconds(begun)})`);
  let failed = 0;
  try {
    for (const [title, run] of chosen) {
      const since = performance.now();
      try {
        await run(rig);
        console.log(`ok    ${title} (${seconds(since)})`);
      } catch (error) {
        failed += 1;
        recover(rig);
        const why = error instanceof Error ? error.stack : String(error);
        console.log(`FAIL  ${title} (${seconds(since)})\n${why}`);
      }
    }
  } finally {
    if (values.keep) console.log(rig.dir);
    else await rig.close();
  }
  console.log(seconds(begun));
  console.log(`tests: ${chosen.length - failed} passed, ${failed} failed, 0 skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
