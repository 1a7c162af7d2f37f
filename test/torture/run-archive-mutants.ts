import { openBench } from '../support/unpacking.ts';
import { archiveMutants } from './archive-mutants.ts';
import { verdictOn } from './verdict.ts';

/** How a run of mutants went; `faults` is empty when nothing that must not happen has happened. */
export interface MutantFigures {
  readonly seed: number;
  readonly mutants: number;
  readonly taken: number;
  readonly refused: number;
  /** How often each reason was given. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Peak resident memory of this process. */
  readonly rssMiB: number;
  readonly faults: readonly string[];
}

/** Canaries keep what happened to them, so that they need not be looked at after each mutant. */
const CANARY_EVERY = 100;

/**
 * Unpacks `count` mutants one after the other. Each must be refused with `ARCHIVE_REFUSED`, or
 * become exactly the files that extraction reports, in time ({@link verdictOn}), and leave the
 * canaries around its destination and the open files of this process as they were.
 */
export async function runArchiveMutants(seed: number, count: number): Promise<MutantFigures> {
  await using bench = await openBench();
  const reasons: Record<string, number> = {};
  const faults: string[] = [];
  let [taken, refused, slowestMs] = [0, 0, 0];
  const checkAround = async (index: number) => {
    for (const path of await bench.canary.changes()) faults.push(`up to ${index}: changed ${path}`);
    for (const path of await bench.openFiles()) faults.push(`up to ${index}: left open ${path}`);
  };
  for (const mutant of archiveMutants(seed, count)) {
    const verdict = await verdictOn(mutant.bytes, mutant.pretence, bench);
    slowestMs = Math.max(slowestMs, verdict.ms);
    if ('taken' in verdict) taken += 1;
    else if ('reason' in verdict) {
      refused += 1;
      reasons[verdict.reason] = (reasons[verdict.reason] ?? 0) + 1;
    } else {
      faults.push(`${mutant.index} (${mutant.history}): ${verdict.fault}`);
    }
    if (mutant.index % CANARY_EVERY === 0) await checkAround(mutant.index);
  }
  await checkAround(count);
  const rssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  return { seed, mutants: count, taken, refused, reasons, slowestMs, rssMiB, faults };
}
