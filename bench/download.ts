/** What several connections are worth: our download against itself with one. */
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type CappedServer, startCappedServer } from './capped-server.ts';
import { BENCH_DIR, type Inputs, ROOT } from './inputs.ts';
import { median } from './measure.ts';
import { type BenchRow, compare } from './row.ts';

const CHILD = fileURLToPath(new URL('./download-child.ts', import.meta.url));
const SCRATCH = join(BENCH_DIR, 'download');
const CAP = 5e6;

export async function downloadRows({ tarGz }: Inputs, runs: number): Promise<readonly BenchRow[]> {
  await rm(SCRATCH, { recursive: true, force: true });
  await mkdir(SCRATCH, { recursive: true });
  try {
    await using capped = await startCappedServer(tarGz, { rate: CAP });
    // The cap sets the time, so one run of half a minute tells as much as many.
    const slow = await alternate(capped, 1);
    await using uncapped = await startCappedServer(tarGz);
    await alternate(uncapped, 1);
    const fast = await alternate(uncapped, runs * 2);
    return [
      compare({
        work: 'download of 118 MB, 5 MB/s a connection, four allowed',
        against: 'one connection',
        goal: 1 / 3.5,
        ...slow,
      }),
      compare({
        work: 'download of 118 MB, no cap, four allowed',
        against: 'one connection',
        goal: 1 / 0.95,
        ...fast,
      }),
    ];
  } finally {
    await rm(SCRATCH, { recursive: true, force: true });
  }
}

/** Both in turn, so that what the machine does meanwhile touches both alike. */
async function alternate(
  server: CappedServer,
  runs: number,
): Promise<{ ours: number; theirs: number }> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    ours.push(await download(server));
    theirs.push(await download(server, 1));
  }
  return { ours: median(ours), theirs: median(theirs) };
}

/** Seconds of one download into an empty directory. */
async function download({ url, size, sha256 }: CappedServer, lanes?: number): Promise<number> {
  const dir = join(SCRATCH, 'run');
  await mkdir(dir);
  try {
    const what = JSON.stringify({ url: `${url}/asset`, size, sha256, dir, lanes });
    const args = ['--import', 'tsx', CHILD, what];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: ROOT,
      timeout: 120_000,
    });
    return Number(stdout);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
