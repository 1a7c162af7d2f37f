import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startLoopbackGitHub } from '../test/support/loopback-github.ts';
import { BENCH_DIR, BIN, type Inputs, TRIPLE, VERSION } from './inputs.ts';
import { type Command, compareCommands, type Side } from './measure.ts';
import { type BenchRow, compare } from './row.ts';

const SCRATCH = join(BENCH_DIR, 'scratch');

/** Everything from a version to a Codex in a prefix. */
export async function provisioningRows(inputs: Inputs, runs: number): Promise<readonly BenchRow[]> {
  await mkdir(SCRATCH, { recursive: true });
  const cold = await coldFromGitHub(inputs, runs);
  const npm = await coldFromNpm(runs);
  const rows = [...cold.rows, npm.row, ...(await warm(inputs, runs))];
  const peak = Math.max(cold.peakMb, npm.peakMb);
  return [
    ...rows,
    {
      work: 'memory at the peak of any cold install',
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
  const assets = [{ name: `codex-${TRIPLE}.tar.gz`, content: inputs.tarGz }];
  await using github = await startLoopbackGitHub({
    releases: [{ version: VERSION, assets, builds: [] }],
  });
  const url = `${github.url}/openai/codex/releases/download/rust-v${VERSION}/codex-${TRIPLE}`;
  const gzip = await compareCommands(SCRATCH, runs, {
    ours: { peak: true, command: (dir) => install(dir, ['--source', 'browser'], github.env) },
    theirs: shell((dir) => `mkdir -p '${dir}' && curl -sfL '${url}.tar.gz' | tar xz -C '${dir}'`),
  });
  const rows = [
    compare({
      work: 'cold install, .tar.gz of 118 MB',
      against: 'curl | tar xz',
      ours: gzip.ours,
      theirs: gzip.theirs,
      goal: 0.5,
    }),
  ];
  return { rows, peakMb: gzip.oursPeakMb };
}

async function coldFromNpm(runs: number) {
  const measured = await compareCommands(SCRATCH, Math.min(runs, 3), {
    ours: { peak: true, command: (dir) => install(dir, ['--source', 'npm'], {}) },
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

async function warm(inputs: Inputs, runs: number): Promise<readonly BenchRow[]> {
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
  const second = await compareCommands(SCRATCH, runs, {
    ours: { command: (dir) => ({ ...again, args: [BIN, 'install', VERSION, '--prefix', dir] }) },
    theirs: { command: (dir) => ({ file: 'cp', args: ['-r', inputs.tree, dir] }) },
  });
  return [
    compare({ work: 'nothing to do', against: 'node -e 0', goal: 1.5, ...nothing }),
    compare({
      work: 'codex --version, installed',
      against: 'the native file',
      goal: 1.05,
      ...launch,
    }),
    compare({ work: 'second prefix, 420 MB tree', against: 'cp -r', goal: 0.8, ...second }),
  ];
}

/** A cold install: neither store nor prefix is there. */
function install(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Command {
  return {
    file: process.execPath,
    args: [BIN, 'install', VERSION, '--prefix', join(dir, 'prefix'), ...args],
    env: { ...env, CODEX_RUNTIME_HOME: join(dir, 'home') },
  };
}

function fixed(command: Command): Side {
  return { command: () => command };
}

function shell(script: (dir: string) => string): Side {
  return { command: (dir) => ({ file: 'bash', args: ['-o', 'pipefail', '-c', script(dir)] }) };
}
