import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { startLoopbackGitHub } from '../test/support/loopback-github.ts';
import { startCappedServer } from './capped-server.ts';
import { type Inputs, TRIPLE, VERSION } from './inputs.ts';
import { coldInstall } from './install.ts';
import { time } from './measure.ts';
import type { BenchRow } from './row.ts';

/** Below what the install takes, so that little waits in the socket; enough not to call for lanes. */
const RATE = 50e6;

/** An install that is killed when 90 % were sent, and the one that continues it. */
export async function resumedInstall(
  { tarGz }: Inputs,
  scratch: string,
): Promise<{ row: BenchRow; peakMb: number }> {
  const name = `codex-${TRIPLE}.tar.gz`;
  await using github = await startLoopbackGitHub({
    releases: [{ version: VERSION, assets: [{ name, content: tarGz }], builds: [] }],
  });
  const { size } = await stat(tarGz);
  await using server = await startCappedServer(tarGz, { rate: RATE, holdAt: 0.9 * size });
  github.fail({ route: 'browser', status: 302, headers: { location: `${server.url}/${name}` } });
  const dir = join(scratch, 'resume');
  const command = coldInstall(dir, ['--source', 'browser'], github.env);
  try {
    const { file, args, env } = command;
    const child = spawn(file, args, {
      env: { ...process.env, ...env },
      stdio: 'ignore',
      timeout: 60_000,
    });
    const ended = once(child, 'exit');
    const first = await Promise.race([server.held.then(() => 'held'), ended]);
    if (first !== 'held') throw new Error('The install ended before it could be killed');
    child.kill('SIGKILL');
    await ended;
    server.release();
    const { peakMb } = await time(command, join(scratch, 'resume.peak'));
    const again = (server.served - server.size) / 1e6;
    const row: BenchRow = {
      work: 'fetched again after kill -9 with 90 % of 118 MB here',
      against: '',
      ours: again,
      theirs: null,
      unit: 'MB',
      ratio: again,
      goal: 1,
    };
    return { row, peakMb };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
