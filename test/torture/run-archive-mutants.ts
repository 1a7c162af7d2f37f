import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodexRuntimeError } from '../../src/errors.ts';
import { type ExtractedFiles, extractRuntime } from '../../src/extract/index.ts';
import { openBench } from '../support/unpacking.ts';
import { type ArchiveMutant, archiveMutants } from './archive-mutants.ts';

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

/** A mutant that takes longer than this hangs. */
const PATIENCE_MS = 5_000;
/** Canaries keep what happened to them, so that they need not be looked at after each mutant. */
const CANARY_EVERY = 100;

/**
 * Unpacks `count` mutants one after the other. Each must be refused with `ARCHIVE_REFUSED`, or
 * become exactly the files that extraction reports, within {@link PATIENCE_MS}, and leave the
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
    const started = performance.now();
    const verdict = await verdictOn(mutant, bench);
    slowestMs = Math.max(slowestMs, performance.now() - started);
    if (verdict === 'taken') taken += 1;
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

type Verdict = 'taken' | { readonly reason: string } | { readonly fault: string };

async function verdictOn(
  mutant: ArchiveMutant,
  bench: Awaited<ReturnType<typeof openBench>>,
): Promise<Verdict> {
  const request = await bench.request(mutant.bytes, mutant.pretence, 1_000);
  const outcome = await withPatience(extractRuntime(request));
  if (outcome === 'hangs') return { fault: `no answer in ${PATIENCE_MS} ms` };
  if ('error' in outcome) {
    if (!isCodexRuntimeError(outcome.error, 'ARCHIVE_REFUSED')) {
      return { fault: String(outcome.error) };
    }
    return { reason: String(outcome.error.fields['reason']) };
  }
  const fault = await differenceOnDisk(bench.destination, outcome.files);
  return fault === undefined ? 'taken' : { fault };
}

async function withPatience(
  extraction: Promise<ExtractedFiles>,
): Promise<'hangs' | { files: ExtractedFiles } | { error: unknown }> {
  let timer: NodeJS.Timeout | undefined;
  const hanging = new Promise<'hangs'>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, 'hangs');
  });
  const ended = extraction.then(
    (files) => ({ files }),
    (error: unknown) => ({ error }),
  );
  return await Promise.race([ended, hanging]).finally(() => clearTimeout(timer));
}

async function differenceOnDisk(
  destination: string,
  files: ExtractedFiles,
): Promise<string | undefined> {
  const reported = new Map(files.map((file) => [file.path, file]));
  for (const entry of await readdir(destination, { recursive: true, withFileTypes: true })) {
    const absolute = join(entry.parentPath, entry.name);
    const path = absolute.slice(destination.length + 1);
    const { mode } = await lstat(absolute);
    if (entry.isDirectory()) {
      if ((mode & 0o7777) !== 0o755) return `${path} has mode ${mode.toString(8)}`;
      continue;
    }
    const file = reported.get(path);
    reported.delete(path);
    if (!entry.isFile() || file === undefined) return `${path} was not reported`;
    if ((mode & 0o7777) !== file.mode) return `${path} has mode ${mode.toString(8)}`;
    const sha256 = createHash('sha256')
      .update(await readFile(absolute))
      .digest('hex');
    if (sha256 !== file.sha256) return `${path} has other bytes`;
  }
  const [lost] = reported.keys();
  return lost === undefined ? undefined : `${lost} is missing`;
}
