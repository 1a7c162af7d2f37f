import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Measured {
  /** Wall-clock time. */
  readonly seconds: number;
  /** Peak resident set of a Node process, in MB (10^6 bytes); 0 where it was not asked for. */
  readonly peakMb: number;
}

const REPORT_PEAK = fileURLToPath(new URL('./report-peak.cjs', import.meta.url));
/** Longer than any of the commands takes on a busy machine, in ms. */
const LIMIT = 300_000;

/** Runs a command once; a failure ends the benchmark, because its time would mean nothing. */
export async function time(command: Command, peakFile?: string): Promise<Measured> {
  const peak =
    peakFile === undefined
      ? {}
      : { BENCH_PEAK_FILE: peakFile, NODE_OPTIONS: `--require ${REPORT_PEAK}` };
  const started = process.hrtime.bigint();
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env, ...peak },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  const [code] = await once(child, 'close');
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (code !== 0)
    throw new Error(`${command.file} ${command.args.join(' ')} ended with ${code}: ${words}`);
  if (peakFile === undefined) return { seconds, peakMb: 0 };
  const peakKb = Number(await readFile(peakFile, 'utf8'));
  return { seconds, peakMb: (peakKb * 1024) / 1e6 };
}

/** CPU time of a command and of all that it starts, in seconds. */
export interface CpuTime {
  readonly user: number;
  readonly all: number;
}

/** The shell counts what its children have used, whatever they are written in. */
export async function cpuTime(command: Command): Promise<CpuTime> {
  const script = 'TIMEFORMAT="cpu %U %S"; time "$@" >/dev/null 2>&1';
  const { stderr } = await promisify(execFile)(
    'bash',
    ['-c', script, 'bash', command.file, ...command.args],
    { cwd: command.cwd, env: { ...process.env, ...command.env }, timeout: LIMIT },
  );
  const [user, system] = (/cpu (\S+) (\S+)/.exec(stderr) ?? []).slice(1).map(Number);
  if (user === undefined || system === undefined) throw new Error(`No times: ${stderr}`);
  return { user, all: user + system };
}

/** Medians of what both sides use, taken in turn, each in a directory of its own. */
export async function compareCpu(
  scratch: string,
  { runs, of }: { readonly runs: number; readonly of: keyof CpuTime },
  sides: { readonly ours: Side; readonly theirs: Side },
): Promise<{ readonly ours: number; readonly theirs: number }> {
  const taken = { ours: [] as number[], theirs: [] as number[] };
  for (let run = 0; run <= runs; run += 1) {
    for (const side of ['ours', 'theirs'] as const) {
      const dir = join(scratch, `cpu-${side}`);
      const used = await cpuTime(sides[side].command(dir)).finally(() =>
        rm(dir, { recursive: true, force: true }),
      );
      if (run > 0) taken[side].push(used[of]);
    }
  }
  return { ours: median(taken.ours), theirs: median(taken.theirs) };
}

export interface Side {
  readonly command: (dir: string) => Command;
  /** Whether to read the peak memory of this side (a Node program). */
  readonly peak?: boolean;
  /** Looks at what it has made before that is removed. */
  readonly look?: (dir: string) => Promise<void>;
}

export interface Compared {
  /** Medians of both sides. */
  readonly ours: number;
  readonly theirs: number;
  /** The highest of all runs. */
  readonly oursPeakMb: number;
}

/**
 * Runs both sides in turn, each time in a directory of its own that is removed afterwards, so that
 * what the machine does meanwhile touches both alike.
 */
export async function compareCommands(
  scratch: string,
  runs: number,
  sides: { readonly ours: Side; readonly theirs: Side },
): Promise<Compared> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const peaks: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const [mine, other] = [join(scratch, `ours-${run}`), join(scratch, `theirs-${run}`)];
    // The first pair warms the page cache and is not counted.
    if (run === 0) {
      await measureIn(mine, sides.ours);
      await measureIn(other, sides.theirs);
      continue;
    }
    ours.push((await measureIn(mine, sides.ours)).seconds);
    theirs.push((await measureIn(other, sides.theirs)).seconds);
    // In a run of its own: to read the peak costs a few of the milliseconds that are counted.
    if (sides.ours.peak === true) peaks.push((await measureIn(mine, sides.ours, true)).peakMb);
  }
  return { ours: median(ours), theirs: median(theirs), oursPeakMb: Math.max(0, ...peaks) };
}

async function measureIn(dir: string, side: Side, peak = false): Promise<Measured> {
  // What the run before has left in the page cache must not be written at the cost of this one.
  execFileSync('sync');
  try {
    const measured = await time(side.command(dir), peak ? `${dir}.peak` : undefined);
    await side.look?.(dir);
    return measured;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
