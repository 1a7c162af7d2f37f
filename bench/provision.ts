import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startLoopbackGitHub } from '../test/support/loopback-github.ts';
import { BENCH_DIR, BIN, type Inputs, TRIPLE, VERSION } from './inputs.ts';
import { coldInstall, shell } from './install.ts';
import { type Command, compareCommands, type Side, time } from './measure.ts';
import { resumedInstall } from './resume.ts';
import { type BenchRow, compare } from './row.ts';
import { coldFromZstd } from './zstd.ts';

const SCRATCH = join(BENCH_DIR, 'scratch');

/** Everything from a version to a Codex in a prefix. */
export async function provisioningRows(inputs: Inputs, runs: number): Promise<readonly BenchRow[]> {
  await mkdir(SCRATCH, { recursive: true });
  const cold = await coldFromGitHub(inputs, runs);
  const npm = await coldFromNpm(runs);
  const zstd = await coldFromZstd(inputs, runs, SCRATCH);
  const ready = await warm(inputs, runs);
  const resume = await resumedInstall(inputs, SCRATCH);
  const peak = Math.max(...[cold, zstd, npm, ready, resume].map(({ peakMb }) => peakMb));
  return [
    cold.row,
    ...zstd.rows,
    npm.row,
    ...ready.rows,
    resume.row,
    {
      work: 'memory at the peak of any of the installs',
      against: '',
      ours: peak,
      theirs: null,
      unit: 'MB',
      ratio: peak,
      goal: 150,
    },
  ];
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
    goal: 0.5,
  });
  return { row, peakMb: gzip.oursPeakMb };
}

async function coldFromNpm(runs: number) {
  const measured = await compareCommands(SCRATCH, Math.min(runs, 3), {
    ours: { peak: true, command: (dir) => coldInstall(dir, ['--source', 'npm'], {}) },
    theirs: shell(
      (dir) =>
        `mkdir -p '${dir}/p' && cd '${dir}/p' && npm init -y >/dev/null && npm install @openai/codex@${VERSION} --cache '${dir}/cache' --no-audit --no-fund`,
    ),
  });
  const row = compare({
    work: `cold install of the real ${VERSION} from npm`,
    against: 'npm install, cold cache',
    ours: measured.ours,
    theirs: measured.theirs,
    goal: 0.35,
  });
  return { row, peakMb: measured.oursPeakMb };
}

async function warm(inputs: Inputs, runs: number) {
  const home = join(BENCH_DIR, 'home');
  const prefix = join(BENCH_DIR, 'prefix');
  const env = { CODEX_RUNTIME_HOME: home };
  const again: Command = {
    file: process.execPath,
    args: [BIN, 'install', VERSION, '--prefix', prefix],
    env,
  };
  await compareCommands(SCRATCH, 0, { ours: fixed(again), theirs: fixed(again) });
  const nothing = await compareCommands(SCRATCH, runs * 4, {
    ours: fixed(again),
    theirs: fixed({ file: process.execPath, args: ['-e', '0'] }),
  });
  const command = join(prefix, 'node_modules', '.bin', 'codex');
  const launch = await compareCommands(SCRATCH, runs * 10, {
    ours: fixed({ file: command, args: ['--version'] }),
    theirs: fixed({ file: inputs.executable, args: ['--version'] }),
  });
  const otherPrefix = (dir: string): Command => ({
    ...again,
    args: [BIN, 'install', VERSION, '--prefix', dir],
  });
  const second = await compareCommands(SCRATCH, runs, {
    ours: { command: otherPrefix },
    theirs: { command: (dir) => ({ file: 'cp', args: ['-r', inputs.tree, dir] }) },
  });
  const rows = [
    compare({ work: 'nothing to do', against: 'node -e 0', goal: 1.5, ...nothing }),
    compare({
      work: 'codex --version, installed',
      against: 'the native file',
      goal: 1.05,
      ...launch,
    }),
    compare({ work: 'second prefix, 420 MB tree', against: 'cp -r', goal: 0.8, ...second }),
  ];
  // Apart from the timed runs: to read the peak costs a few of the milliseconds that they count.
  const peakFile = join(SCRATCH, 'warm.peak');
  const other = join(SCRATCH, 'peak');
  const peaks = [await time(again, peakFile), await time(otherPrefix(other), peakFile)];
  await rm(other, { recursive: true, force: true });
  return { rows, peakMb: Math.max(...peaks.map(({ peakMb }) => peakMb)) };
}

function fixed(command: Command): Side {
  return { command: () => command };
}
