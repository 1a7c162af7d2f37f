import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startLoopbackGitHub } from '../test/support/loopback-github.ts';
import { BENCH_DIR, BIN, type Inputs, TRIPLE, VERSION } from './inputs.ts';
import { coldInstall, INSTALL, shell } from './install.ts';
import {
  type Command,
  compareCommands,
  compareCpu,
  cpuTime,
  median,
  type Side,
  time,
} from './measure.ts';
import { findManagers, type Managers, type NodeVersion, VERSIONS } from './peers.ts';
import { resumedInstall } from './resume.ts';
import { type BenchRow, compare, fact } from './row.ts';
import { coldFromZstd } from './zstd.ts';

const SCRATCH = join(BENCH_DIR, 'scratch');

/** A cold installation of each kind of asset, and one that goes on where another was killed. */
export async function coldRows(inputs: Inputs, runs: number): Promise<readonly BenchRow[]> {
  await mkdir(SCRATCH, { recursive: true });
  const cold = await coldFromGitHub(inputs, runs);
  const zstd = await coldFromZstd(inputs, runs, SCRATCH);
  const resume = await resumedInstall(inputs, SCRATCH);
  const peak = Math.max(cold.peakMb, zstd.peakMb, resume.peakMb);
  return [
    cold.row,
    ...zstd.rows,
    resume.row,
    fact({ work: 'memory at the peak of these', ours: peak, unit: 'MB', goal: 100 }),
  ];
}

/** The real build from npm, against the managers that bring it too. */
export async function npmRows(runs: number): Promise<readonly BenchRow[]> {
  await mkdir(SCRATCH, { recursive: true });
  const managers = await findManagers();
  const few = Math.min(runs, 3);
  const ours = {
    command: (dir: string) =>
      coldInstall(dir, ['--source', 'npm'], {}, { version: VERSIONS.codex }),
  };
  const goals = { npm: 0.25, pnpm: 0.85, bun: 1 } as const;
  const rows: BenchRow[] = [];
  for (const name of ['npm', 'pnpm', 'bun'] as const) {
    const theirs = addCodex(name, managers);
    const measured = await compareCommands(SCRATCH, few, { ours, theirs });
    rows.push(
      compare({
        work: `cold install of the real ${VERSIONS.codex} from npm`,
        against: `${name} ${VERSIONS[name]}, cold cache`,
        goal: goals[name],
        ...measured,
      }),
    );
  }
  const theirs = addCodex('bun', managers);
  const cpu = await compareCpu(SCRATCH, { runs: few, of: 'user' }, { ours, theirs });
  const work = 'user CPU seconds of that';
  return [...rows, compare({ work, against: `bun ${VERSIONS.bun}`, goal: 1.3, ...cpu })];
}

/** Memory and CPU of an installation from npm, on every Node. */
export async function memoryRows(nodes: readonly NodeVersion[]): Promise<readonly BenchRow[]> {
  await mkdir(SCRATCH, { recursive: true });
  const rows: BenchRow[] = [];
  for (const { major, file } of nodes) {
    const dir = join(SCRATCH, 'memory');
    const command = coldInstall(
      dir,
      ['--source', 'npm'],
      {},
      { version: VERSIONS.codex, node: file },
    );
    const peaks: number[] = [];
    const cpus: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      const { peakMb } = await time(command, join(SCRATCH, 'memory.peak'));
      peaks.push(peakMb);
      await rm(dir, { recursive: true, force: true });
      cpus.push((await cpuTime(command)).all);
      await rm(dir, { recursive: true, force: true });
    }
    const work = `memory at the peak of an installation from npm, Node ${major}`;
    rows.push(
      fact({ work, ours: Math.max(...peaks), unit: 'MB', goal: 100 }),
      fact({ work: `CPU of it, Node ${major}`, ours: median(cpus), unit: 's', goal: null }),
    );
  }
  return rows;
}

/** A prefix that has what is wanted, on every Node. */
export async function nothingToDoRows(
  nodes: readonly NodeVersion[],
  runs: number,
): Promise<readonly BenchRow[]> {
  await mkdir(SCRATCH, { recursive: true });
  const command = again();
  await install();
  const rows: BenchRow[] = [];
  for (const { major, file } of nodes) {
    const measured = await compareCommands(SCRATCH, runs * 4, {
      ours: fixed({ ...command, file }),
      theirs: fixed({ file, args: ['-e', '0'] }),
    });
    const work = `nothing to do, Node ${major}`;
    const goal = major === '20' ? 1.35 : 1.5;
    rows.push(compare({ work, against: 'node -e 0', goal, ...measured }));
  }
  return rows;
}

/** What a command adds that only starts a stored runtime. */
export async function execRows(
  nodes: readonly NodeVersion[],
  runs: number,
): Promise<readonly BenchRow[]> {
  await install();
  const env = { CODEX_RUNTIME_HOME: join(BENCH_DIR, 'home') };
  const rows: BenchRow[] = [];
  for (const { major, file } of nodes) {
    const measured = await compareCpu(
      SCRATCH,
      { runs: runs * 2, of: 'all' },
      {
        ours: fixed({ file, args: [BIN, 'exec', VERSION, '--', '--version'], env }),
        theirs: fixed({ file, args: [SPAWN, runtimeFile(), '--version'] }),
      },
    );
    const resident = await compareResident(file, env);
    rows.push(
      compare({
        work: `exec of a stored runtime, CPU, Node ${major}`,
        against: 'a bare spawn',
        goal: null,
        ...measured,
      }),
      compare({
        work: `resident beside Codex during exec, Node ${major}`,
        against: 'a waiting node -e',
        goal: 1.1,
        unit: 'MB',
        ...resident,
      }),
    );
  }
  return rows;
}

const SPAWN = fileURLToPath(new URL('./bare-spawn.mjs', import.meta.url));

function runtimeFile(): string {
  return join(BENCH_DIR, 'prefix', 'node_modules', 'codex-cli-bin', 'bin', 'codex');
}

/** MB that each process has in memory while it waits. */
async function compareResident(node: string, env: Readonly<Record<string, string>>) {
  const ours = [BIN, 'exec', VERSION, '--', 'app-server'];
  const theirs = ['-e', 'setInterval(() => {}, 1e6)'];
  return { ours: await residentOf(node, ours, env), theirs: await residentOf(node, theirs, env) };
}

async function residentOf(
  node: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(node, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(child, 'exit');
  try {
    await sleep(3000);
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
  } finally {
    child.stdin.end();
    child.kill('SIGTERM');
    await ended;
  }
}

function addCodex(name: keyof Managers, managers: Managers): Side {
  const add = INSTALL[name](managers[name], `@openai/codex@${VERSIONS.codex}`);
  return shell((dir) => `mkdir -p '${dir}' && cd '${dir}' && echo '{}' > package.json && ${add}`);
}

async function coldFromGitHub(inputs: Inputs, runs: number) {
  // Neither side pays for its server: from memory it takes the least of the machine that they share.
  const content = await readFile(inputs.tarGz);
  const assets = [{ name: `codex-${TRIPLE}.tar.gz`, content }];
  await using github = await startLoopbackGitHub({
    releases: [{ version: VERSION, assets, builds: [] }],
  });
  const url = `${github.url}/openai/codex/releases/download/rust-v${VERSION}/codex-${TRIPLE}`;
  const gzip = await compareCommands(SCRATCH, runs, {
    ours: { peak: true, command: (dir) => coldInstall(dir, ['--source', 'browser'], github.env) },
    theirs: shell((dir) => `mkdir -p '${dir}' && curl -sfL '${url}.tar.gz' | tar xz -C '${dir}'`),
  });
  const row = compare({
    work: 'cold install, .tar.gz of 118 MB',
    against: 'curl | tar xz',
    ours: gzip.ours,
    theirs: gzip.theirs,
    goal: 0.42,
  });
  return { row, peakMb: gzip.oursPeakMb };
}

/** Starts of what is installed, and a second prefix beside the first. */
export async function installedRows(inputs: Inputs, runs: number): Promise<readonly BenchRow[]> {
  await mkdir(SCRATCH, { recursive: true });
  await install();
  const command = join(BENCH_DIR, 'prefix', 'node_modules', '.bin', 'codex');
  const launch = await compareCommands(SCRATCH, runs * 10, {
    ours: fixed({ file: command, args: ['--version'] }),
    theirs: fixed({ file: inputs.executable, args: ['--version'] }),
  });
  const otherPrefix = { command: (dir: string): Command => again(dir) };
  const second = await compareCommands(SCRATCH, runs, {
    ours: { ...otherPrefix, peak: true },
    theirs: { command: (dir) => ({ file: 'cp', args: ['-r', inputs.tree, dir] }) },
  });
  return [
    compare({
      work: 'codex --version, installed',
      against: 'the native file',
      goal: 1.05,
      ...launch,
    }),
    compare({ work: 'second prefix, 420 MB tree', against: 'cp -r', goal: 0.7, ...second }),
    fact({ work: 'memory at the peak of it', ours: second.oursPeakMb, unit: 'MB', goal: 100 }),
  ];
}

/** Fills store and prefix, where a run before has not. */
async function install(): Promise<void> {
  const command = again();
  await time({ ...command, args: [...command.args, '--source', 'npm'] });
}

/** The installation that the rows of a filled store begin with. */
function again(prefix = join(BENCH_DIR, 'prefix')): Command {
  const env = { CODEX_RUNTIME_HOME: join(BENCH_DIR, 'home') };
  return { file: process.execPath, args: [BIN, 'install', VERSION, '--prefix', prefix], env };
}

function fixed(command: Command): Side {
  return { command: () => command };
}
