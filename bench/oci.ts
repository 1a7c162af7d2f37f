import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { startDockerRegistry } from '../test/support/docker-registry.ts';
import { BENCH_DIR, BIN, type Inputs, TRIPLE, VERSION } from './inputs.ts';
import { type Command, compareCommands, time } from './measure.ts';
import { type BenchRow, compare, fact } from './row.ts';

const SCRATCH = join(BENCH_DIR, 'oci');
/** Where `prepareInputs` has the real runtime. */
const HOME = join(BENCH_DIR, 'home');
/** The version whose six platform builds are the smallest on npm. */
const SIX = '0.101.0';

/** One layer with the real tree, against the tools that compress with every core. */
export async function layerRows({ tree }: Inputs, runs: number): Promise<readonly BenchRow[]> {
  await openScratch();
  const rows = [...(await layer(tree, { compression: 'gzip', goal: 0.6, bytes: null }, runs))];
  // Node has zstd from 22.15 on.
  if (!('createZstdCompress' in zlib)) return rows;
  return [...rows, ...(await layer(tree, { compression: 'zstd', goal: 0.3, bytes: 1 }, runs))];
}

interface LayerGoals {
  readonly compression: string;
  readonly goal: number;
  /** Of the layer's size; null where both compress alike. */
  readonly bytes: number | null;
}

async function layer(tree: string, { compression, goal, bytes }: LayerGoals, runs: number) {
  const size = { ours: 0, theirs: 0 };
  const measured = await compareCommands(SCRATCH, Math.min(runs, 3), {
    ours: {
      command: (dir) => pack(VERSION, dir, ['oci', '--compression', compression]),
      look: async (dir) => {
        size.ours = (await largestBlob(dir)) / 1e6;
      },
    },
    theirs: {
      command: (dir) => ({
        file: 'sh',
        args: [
          '-c',
          `mkdir -p '${dir}' && tar -C '${tree}' -c . | pigz -6 > '${dir}/layer.tar.gz'`,
        ],
      }),
      look: async (dir) => {
        size.theirs = (await stat(join(dir, 'layer.tar.gz'))).size / 1e6;
      },
    },
  });
  const against = 'tar | pigz -6';
  return [
    compare({ work: `image, ${compression}`, against, goal, ...measured }),
    compare({ work: `its layer, ${compression}`, against, goal: bytes, unit: 'MB', ...size }),
  ];
}

async function largestBlob(dir: string): Promise<number> {
  const blobs = join(dir, 'dist/oci/blobs/sha256');
  const names = await readdir(blobs);
  const found = await Promise.all(names.map((name) => stat(join(blobs, name))));
  return Math.max(...found.map(({ size }) => size));
}

async function openScratch(): Promise<void> {
  await rm(SCRATCH, { recursive: true, force: true });
  await mkdir(SCRATCH, { recursive: true });
}

/** All six targets for npm and Python, with images and without. */
export async function sixTargetRows(runs: number): Promise<readonly BenchRow[]> {
  await openScratch();
  const packSix = (ecosystems: string) => (dir: string) =>
    ours(['pack', SIX, '--source', 'npm', '--ecosystem', ecosystems, '--out', join(dir, 'dist')]);
  await time(packSix('node')(join(SCRATCH, 'first')));
  const measured = await compareCommands(SCRATCH, Math.min(runs, 3), {
    ours: { command: packSix('node,python,oci'), peak: true },
    theirs: { command: packSix('node,python') },
  });
  const work = 'pack six targets with images';
  return [
    compare({ work, against: 'without images', goal: 1.15, ...measured }),
    fact({ work: 'its peak memory', ours: measured.oursPeakMb, unit: 'MB', goal: 200 }),
  ];
}

/** From a registry on this machine into an empty store, against what a script would do. */
export async function registryRows(runs: number): Promise<readonly BenchRow[]> {
  await openScratch();
  const dist = join(SCRATCH, 'published');
  await time(pack(VERSION, dist, ['oci']));
  const registry = await startDockerRegistry();
  try {
    const repository = `${registry.host}/tools/codex`;
    await time(ours(['publish', join(dist, 'dist'), `oci:${repository}`]));
    const image = `docker://${repository}:${VERSION}`;
    const measured = await compareCommands(SCRATCH, Math.min(runs, 3), {
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
    return [compare({ work: 'cold install from a registry', against, goal: 0.6, ...measured })];
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
