import { fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Figures } from './experiment.ts';
import type { MutantFigures } from './run-archive-mutants.ts';
import { PATIENCE_MS } from './verdict.ts';

export interface MutantsOptions {
  readonly mutants: number;
  readonly seed: number;
  /** Processes that share the work; each is ended after `minutes`. */
  readonly workers: number;
  readonly minutes: number;
}

const CHILD = fileURLToPath(new URL('../fixtures/mutants-child.ts', import.meta.url));
const LARGEST_MIB = 256;

/** Unpacks mutants of valid archives in worker processes, whose memory and time are measured. */
export async function unpackMutants(options: MutantsOptions): Promise<Figures> {
  const share = Math.ceil(options.mutants / options.workers);
  const runs = Array.from({ length: options.workers }, (_, index) =>
    runWorker(options.seed + index, share, options.minutes),
  );
  const figures = { mutants: 0, taken: 0, refused: 0, reasons: 0, slowestMs: 0, largestMiB: 0 };
  const failures: string[] = [];
  const reasons = new Set<string>();
  for (const run of await Promise.all(runs)) {
    if (typeof run === 'string') {
      failures.push(run);
      continue;
    }
    figures.mutants += run.mutants;
    figures.taken += run.taken;
    figures.refused += run.refused;
    for (const reason of Object.keys(run.reasons)) reasons.add(reason);
    figures.slowestMs = Math.max(figures.slowestMs, Math.round(run.slowestMs));
    figures.largestMiB = Math.max(figures.largestMiB, run.rssMiB);
    failures.push(...run.faults.map((fault) => `seed ${run.seed}: ${fault}`));
  }
  figures.reasons = reasons.size;
  if (figures.slowestMs > PATIENCE_MS) failures.push(`one took ${figures.slowestMs} ms`);
  if (figures.largestMiB > LARGEST_MIB) failures.push(`one worker took ${figures.largestMiB} MiB`);
  return { figures, failures };
}

async function runWorker(
  seed: number,
  count: number,
  minutes: number,
): Promise<MutantFigures | string> {
  const child = fork(CHILD, [String(seed), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    timeout: minutes * 60_000,
    killSignal: 'SIGKILL',
  });
  const closed = once(child, 'close');
  const said = child.stdout === null ? '' : await text(child.stdout);
  const [status, signal] = await closed;
  if (status !== 0) return `the worker with seed ${seed} ended with ${status ?? signal}`;
  return JSON.parse(said) as MutantFigures;
}
