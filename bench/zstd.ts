import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { startLoopbackGitHub } from '../test/support/loopback-github.ts';
import { type Inputs, TRIPLE, VERSION } from './inputs.ts';
import { coldInstall, shell } from './install.ts';
import { compareCommands, time } from './measure.ts';
import { type BenchRow, compare } from './row.ts';

const FLOOR = fileURLToPath(new URL('./floor.mjs', import.meta.url));
const ASSET = `codex-${TRIPLE}.zst`;

/** A cold install of the smaller asset, which takes a Node that inflates zstd. */
export async function coldFromZstd(
  { zst }: Inputs,
  runs: number,
  scratch: string,
): Promise<{ rows: readonly BenchRow[]; peakMb: number }> {
  const { node, name } = await findNode();
  // From memory, as for the .tar.gz.
  const assets = [{ name: ASSET, content: await readFile(zst) }];
  await using github = await startLoopbackGitHub({
    releases: [{ version: VERSION, assets, builds: [] }],
  });
  const ours = (dir: string) => coldInstall(dir, ['--source', 'browser'], github.env, { node });
  await proveAsset(join(scratch, 'zstd'), ours);
  const url = `${github.url}/openai/codex/releases/download/rust-v${VERSION}/${ASSET}`;
  const theirs = shell(
    (dir) => `mkdir -p '${dir}' && curl -sfL '${url}' | zstd -d -q -o '${dir}/codex'`,
  );
  const measured = await compareCommands(scratch, runs, {
    ours: { peak: true, command: ours },
    theirs,
  });
  const least = await compareCommands(scratch, runs, {
    ours: shell((dir) => `mkdir -p '${dir}' && '${node}' '${FLOOR}' '${url}' '${dir}/codex'`),
    theirs,
  });
  const against = 'curl | zstd -d';
  const rows = [
    compare({
      work: `cold install, .zst of 113 MB, ${name}`,
      against,
      ours: measured.ours,
      theirs: measured.theirs,
      goal: 2,
    }),
    compare({
      work: 'the same by a bare script, nothing checked or synced',
      against,
      ours: least.ours,
      theirs: least.theirs,
      goal: null,
    }),
  ];
  return { rows, peakMb: measured.oursPeakMb };
}

/** The running Node where it can, else the Node 24 that npm has. */
async function findNode(): Promise<{ node: string; name: string }> {
  if ('createZstdDecompress' in zlib) {
    return { node: process.execPath, name: `Node ${process.versions.node.split('.')[0]}` };
  }
  const args = ['--yes', 'node@24', '-p', 'process.execPath'];
  const { stdout } = await promisify(execFile)('npx', args, { timeout: 120_000 });
  return { node: stdout.trim(), name: 'Node 24' };
}

/** Without the record that the store keeps, nobody would notice a row that measures another asset. */
async function proveAsset(
  dir: string,
  ours: (dir: string) => ReturnType<typeof coldInstall>,
): Promise<void> {
  try {
    await time(ours(dir));
    const runtime = join(dir, 'home', 'store', VERSION, TRIPLE, 'binary', 'runtime.json');
    const { origin } = JSON.parse(await readFile(runtime, 'utf8')) as { origin: { asset: string } };
    if (origin.asset !== ASSET) throw new Error(`${origin.asset} was installed, not ${ASSET}`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
