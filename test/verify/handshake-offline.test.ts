import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { CELLS } from '../../scripts/compatibility-table.ts';
import { realExecutable } from '../support/real-codex.ts';
import { whyNoTrace } from '../torture/traced-command.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/app-server/shake-hands.ts', import.meta.url));

/** Every version that docs/compatibility.md speaks of. */
const VERSIONS = [...new Set(CELLS.map((cell) => cell.replace(/:.*/, '')))];

describe.runIf(whyNoTrace() === null).each(VERSIONS)('a handshake with Codex %s', (version) => {
  let executable: string;
  beforeAll(async () => {
    executable = await realExecutable(version);
  });

  it('goes to no network and runs no other program', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'codex-trace-'));
    const trace = join(dir, 'trace');
    const calls = [
      '-f',
      '-e',
      'trace=connect,sendto,sendmsg,sendmmsg,execve',
      '-s',
      '200',
      '-o',
      trace,
    ];
    const node = [process.execPath, '--import', 'tsx', PROGRAM, executable];
    const { status, stdout } = spawnSync('strace', [...calls, ...node], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ handshake: { version } });
    const lines = (await readFile(trace, 'utf8')).split('\n');
    expect(lines.filter((line) => /AF_INET6?\b/.test(line))).toEqual([]);
    const started = lines
      .filter((line) => line.includes('execve(') && line.includes(' = 0'))
      .map((line) => /execve\("([^"]+)"/.exec(line)?.[1]);
    // Node, tsx's compiler, and Codex with its own tools alone.
    const foreign = started.filter((path) => /\/(git|ssh|curl|bwrap)$/.test(path ?? ''));
    expect(started).toContain(executable);
    expect(foreign).toEqual([]);
    await rm(dir, { recursive: true });
  });
});
