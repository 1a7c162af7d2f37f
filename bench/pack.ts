import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startLoopbackGitHub } from '../test/support/loopback-github.ts';
import { npmUser, startRegistry } from '../test/support/verdaccio.ts';
import { BENCH_DIR, BIN, type Inputs, TRIPLE, VERSION } from './inputs.ts';
import { type Command, compareCommands, time } from './measure.ts';
import { type BenchRow, compare } from './row.ts';

const SCRATCH = join(BENCH_DIR, 'pack');
const HOME = join(SCRATCH, 'home');
/** The version whose six platform builds are the smallest on npm. */
const SIX = '0.101.0';

/** Making packages, and what starting an installed one costs. */
export async function packRows(inputs: Inputs, runs: number): Promise<readonly BenchRow[]> {
  await rm(SCRATCH, { recursive: true, force: true });
  await mkdir(SCRATCH, { recursive: true });
  const staged = join(SCRATCH, 'staged');
  await stageBinary(inputs, staged);
  const against = async (other: string, goal: number, theirs: (dir: string) => string) => {
    const measured = await compareCommands(SCRATCH, Math.min(runs, 3), {
      ours: { command: (dir) => packBinary(dir) },
      theirs: { command: (dir) => ({ file: 'sh', args: ['-c', theirs(dir)] }) },
    });
    return compare({ work: 'pack one 294 MB platform package', against: other, goal, ...measured });
  };
  return [
    await against(
      'npm pack',
      0.24,
      (dir) => `mkdir -p '${dir}' && cd '${staged}' && npm pack --pack-destination '${dir}'`,
    ),
    await against(
      'tar | pigz -6',
      1,
      (dir) => `mkdir -p '${dir}' && tar -C '${staged}' -c . | pigz -6 > '${dir}/package.tgz'`,
    ),
    await sixTargets(),
    await launch(runs),
  ];
}

/** The bare executable in a store, and staged for who packs a directory. */
async function stageBinary({ tarGz }: Inputs, staged: string): Promise<void> {
  const assets = [{ name: `codex-${TRIPLE}.tar.gz`, content: tarGz }];
  await using github = await startLoopbackGitHub({
    releases: [{ version: VERSION, assets, builds: [] }],
  });
  await time(
    ours(['stage', VERSION, ...BINARY, '--source', 'browser', '--out', staged], github.env),
  );
}

const BINARY = ['--variant', 'binary'];

function packBinary(dir: string): Command {
  const what = ['--offline', '--targets', TRIPLE, '--ecosystem', 'node'];
  return ours(['pack', VERSION, ...BINARY, ...what, '--out', join(dir, 'dist')]);
}

/** All six at once, for npm and Python: fifteen archives. */
async function sixTargets(): Promise<BenchRow> {
  const command = ours(['pack', SIX, '--source', 'npm', '--out', join(SCRATCH, 'six')]);
  const { peakMb } = await time(command, join(SCRATCH, 'six.peak'));
  return {
    work: 'memory at the peak of packing all six targets',
    against: '',
    ours: peakMb,
    theirs: null,
    unit: 'MB',
    ratio: peakMb,
    goal: 200,
  };
}

/** Published to a real registry, installed by npm, started by its command. */
async function launch(runs: number): Promise<BenchRow> {
  const dist = join(SCRATCH, 'published');
  const project = join(SCRATCH, 'project');
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{"private":true}');
  await time(ours(['pack', VERSION, ...BINARY, '--offline', '--targets', TRIPLE, '--out', dist]));
  const registry = await startRegistry();
  try {
    const env = await npmUser(project, registry.url);
    await time(ours(['publish', dist, '--registry', registry.url], env));
    await time({
      file: 'npm',
      args: ['install', 'codex-cli-bin', '--ignore-scripts'],
      cwd: project,
      env,
    });
  } finally {
    await registry.close();
  }
  const modules = join(project, 'node_modules');
  const start = (file: string) => ({ command: () => ({ file, args: ['--version'] }) });
  // The first start goes through the launcher; compareCommands does not count it.
  const measured = await compareCommands(SCRATCH, runs * 8, {
    ours: start(join(modules, '.bin/codex')),
    theirs: start(join(modules, 'codex-cli-bin-linux-x64/bin/codex')),
  });
  const work = 'codex --version as npm installed it';
  return compare({ work, against: 'the native file itself', goal: 1.05, ...measured });
}

function ours(args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  return {
    file: process.execPath,
    args: [BIN, ...args, '--quiet'],
    env: { ...env, CODEX_RUNTIME_HOME: HOME },
  };
}
