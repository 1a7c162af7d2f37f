import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { startDockerRegistry } from '../test/support/docker-registry.ts';
import { BENCH_DIR, BIN, type Inputs, TRIPLE, VERSION } from './inputs.ts';
import { type Command, compareCommands, time } from './measure.ts';
import { type BenchRow, compare } from './row.ts';

const SCRATCH = join(BENCH_DIR, 'oci');
/** Where `prepareInputs` has the real runtime. */
const HOME = join(BENCH_DIR, 'home');
/** The version whose six platform builds are the smallest on npm. */
const SIX = '0.101.0';

/** Making images, and installing from a registry. */
export async function ociRows({ tree }: Inputs, runs: number): Promise<readonly BenchRow[]> {
  await rm(SCRATCH, { recursive: true, force: true });
  await mkdir(SCRATCH, { recursive: true });
  const few = Math.min(runs, 3);
  const pigz = (dir: string): Command => ({
    file: 'sh',
    args: ['-c', `mkdir -p '${dir}' && tar -C '${tree}' -c . | pigz -6 > '${dir}/layer.tar.gz'`],
  });
  const layer = async (compression: string, goal: number) => {
    const measured = await compareCommands(SCRATCH, few, {
      ours: { command: (dir) => pack(VERSION, dir, ['oci', '--compression', compression]) },
      theirs: { command: pigz },
    });
    return compare({ work: `image, ${compression}`, against: 'tar | pigz -6', goal, ...measured });
  };
  return [
    await sixTargets(few),
    await layer('gzip', 0.6),
    ...('createZstdCompress' in zlib ? [await layer('zstd', 0.3)] : []),
    await coldInstall(few),
  ];
}

/** All six targets for npm and Python, with images and without. */
async function sixTargets(runs: number): Promise<BenchRow> {
  const packSix = (ecosystems: string) => (dir: string) =>
    ours(['pack', SIX, '--source', 'npm', '--ecosystem', ecosystems, '--out', join(dir, 'dist')]);
  await time(packSix('node')(join(SCRATCH, 'first')));
  const measured = await compareCommands(SCRATCH, runs, {
    ours: { command: packSix('node,python,oci'), peak: true },
    theirs: { command: packSix('node,python') },
  });
  const work = `pack six targets with images (peak ${Math.round(measured.oursPeakMb)} MB)`;
  return compare({ work, against: 'without images', goal: 1.15, ...measured });
}

/** From a registry on this machine into an empty store, against what a script would do. */
async function coldInstall(runs: number): Promise<BenchRow> {
  const dist = join(SCRATCH, 'published');
  await time(pack(VERSION, dist, ['oci']));
  const registry = await startDockerRegistry();
  try {
    const repository = `${registry.host}/tools/codex`;
    await time(ours(['publish', join(dist, 'dist'), `oci:${repository}`]));
    const image = `docker://${repository}:${VERSION}`;
    const measured = await compareCommands(SCRATCH, runs, {
      ours: {
        command: (dir) => ({
          ...ours(['install', VERSION, '--source', `oci:${repository}`, '--prefix', dir]),
          env: { CODEX_RUNTIME_HOME: join(dir, 'store') },
        }),
      },
      theirs: {
        command: (dir) => ({
          file: 'sh',
          args: [
            '-c',
            `mkdir -p '${dir}/tree' && skopeo copy -q --src-tls-verify=false '${image}' 'dir:${dir}/image' && ` +
              `for each in '${dir}'/image/*; do tar -C '${dir}/tree' -xzf "$each" 2>/dev/null || :; done`,
          ],
        }),
      },
    });
    const against = 'skopeo copy && tar xz';
    return compare({ work: 'cold install from a registry', against, goal: 0.6, ...measured });
  } finally {
    await registry.close();
  }
}

function pack(version: string, dir: string, ecosystem: readonly string[]): Command {
  const what = ['--offline', '--targets', TRIPLE, '--ecosystem', ...ecosystem];
  return ours(['pack', version, ...what, '--out', join(dir, 'dist')]);
}

function ours(args: readonly string[]): Command {
  return {
    file: process.execPath,
    args: [BIN, ...args, '--quiet'],
    env: { CODEX_RUNTIME_HOME: HOME },
  };
}
