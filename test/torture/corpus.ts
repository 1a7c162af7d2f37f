import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { bundleFixture } from '../support/bundle-fixture.ts';
import { type Figures, inParallel } from './experiment.ts';
import type { ForeignOutcome, ForeignVerdict } from './unpack-foreign.ts';
import { PATIENCE_MS } from './verdict.ts';

export interface CorpusOptions {
  /** Every file below it is taken for an archive; its first level names where they come from. */
  readonly directory: string;
  readonly jobs: number;
}

const LARGEST_MIB = 256;
/** The child unpacks a few times; `timeout` also ends one that waits instead of working. */
const WALL_MS = 300_000;
/** Processor seconds and KiB of data for one child: what a bomb may cost at most. */
const CAPPED = 'ulimit -t 30; ulimit -d 1048576; exec "$@"';
/** An archive has to fit into the child's memory beside what unpacking needs. */
const ARCHIVE_BYTES = 32 * 1024 * 1024;

/** One archive's way through all layouts. */
interface Tried extends ForeignOutcome {
  readonly file: string;
}

/**
 * Unpacks every archive of a directory, each in a child of its own with caps on time and memory and
 * canaries around its destination: as it is in every layout, and grafted into a runtime tree.
 */
export async function unpackCorpus({ directory, jobs }: CorpusOptions): Promise<Figures> {
  const work = await mkdtemp(join(tmpdir(), 'codex-corpus-'));
  try {
    const child = await bundleFixture('corpus-child', work);
    const failures: string[] = [];
    const tried: Tried[] = [];
    let large = 0;
    await inParallel(jobs, await filesBelow(directory), async (path) => {
      const file = relative(directory, path);
      if ((await stat(path)).size > ARCHIVE_BYTES) {
        large += 1;
        return;
      }
      const outcome = await runChild(child, path, work);
      if (typeof outcome === 'string') failures.push(`${file}: ${outcome}`);
      else tried.push({ file, ...outcome });
    });
    tried.sort((a, b) => (a.file < b.file ? -1 : 1));
    failures.push(...tried.flatMap(violations));
    return { figures: { ...figuresOf(tried), large }, failures, notes: notesOn(tried) };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
}

async function runChild(child: string, path: string, work: string) {
  const args = ['-c', CAPPED, 'sh', process.execPath, child, path];
  const env = { PATH: process.env['PATH'], TMPDIR: work };
  const limits = { timeout: WALL_MS, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 } as const;
  return await promisify(execFile)('sh', args, { env, ...limits }).then(
    ({ stdout }) => JSON.parse(stdout) as ForeignOutcome,
    (error: unknown) => `the child died: ${String(error).slice(-300)}`,
  );
}

function violations({ file, asIs, grafted, slowestMs, rssMiB }: Tried): string[] {
  const faults = [...asIs, ...(grafted ? [grafted] : [])].flatMap((verdict) =>
    'fault' in verdict ? [`${file}: ${verdict.fault}`] : [],
  );
  if (slowestMs > PATIENCE_MS) faults.push(`${file}: ${Math.round(slowestMs)} ms`);
  if (rssMiB > LARGEST_MIB) faults.push(`${file}: ${rssMiB} MiB`);
  return faults;
}

function figuresOf(tried: readonly Tried[]) {
  const grafted = tried.flatMap((each) => (each.grafted ? [each.grafted] : []));
  const max = (values: number[]) => values.reduce((a, b) => Math.max(a, b), 0);
  return {
    archives: tried.length,
    refused: tried.filter(({ asIs }) => asIs.every(isRefused)).length,
    accepted: tried.filter(({ asIs }) => asIs.some((verdict) => 'taken' in verdict)).length,
    grafted: grafted.length,
    graftedRefused: grafted.filter(isRefused).length,
    graftedAccepted: grafted.filter((verdict) => 'taken' in verdict).length,
    slowestMs: Math.round(max(tried.map(({ slowestMs }) => slowestMs))),
    largestMiB: max(tried.map(({ rssMiB }) => rssMiB)),
  };
}

function isRefused(verdict: ForeignVerdict): boolean {
  return 'reason' in verdict;
}

/** A line for each source and reason, and one for each archive that became files. */
function notesOn(tried: readonly Tried[]): string[] {
  const sources = new Map<string, Map<string, number>>();
  for (const each of tried) {
    const source = each.file.split(sep)[0] ?? '';
    const counts = sources.get(source) ?? new Map<string, number>();
    sources.set(source, counts);
    const verdict = each.grafted ?? each.asIs[0];
    const told = verdict === undefined || !('reason' in verdict) ? 'accepted' : verdict.reason;
    counts.set(told, (counts.get(told) ?? 0) + 1);
  }
  const lines = [...sources].map(([source, counts]) => {
    const told = [...counts].toSorted(([, a], [, b]) => b - a);
    return `${source}: ${told.map(([reason, count]) => `${reason} ${count}`).join(', ')}`;
  });
  for (const { file, asIs, grafted } of tried) {
    for (const verdict of [...asIs, ...(grafted ? [grafted] : [])]) {
      if (!('taken' in verdict)) continue;
      const how = verdict === grafted ? 'accepted when grafted' : 'accepted as it is';
      lines.push(`${how}: ${file} (${verdict.taken.slice(0, 6).join(', ').slice(0, 200)})`);
    }
  }
  return lines;
}
