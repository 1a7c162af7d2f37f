import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { workOnce } from '../../src/store/index.ts';
import { PATIENT } from '../support/held.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { cliEnvironment, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const BIN = fileURLToPath(new URL('../../bin/codex-runtime.js', import.meta.url));
const VERSION = '1.2.3';
const RUNTIME = `home/locks/${VERSION}_x86_64-unknown-linux-musl`;

/** Every operation that waits for another process: its words, what it waits for, what has to be there. */
const WAITS: readonly (readonly [string, string, (readonly string[])?])[] = [
  [`install ${VERSION} --prefix p`, RUNTIME],
  [`install ${VERSION} --prefix p`, 'p/.codex-cli-bin/install'],
  [`install ${VERSION} --ecosystem python --prefix p`, RUNTIME],
  [`install ${VERSION} --ecosystem python --prefix p`, 'p/.codex_cli_bin/install'],
  [`which ${VERSION}`, RUNTIME],
  [`exec ${VERSION} -- args`, RUNTIME],
  [`stage ${VERSION} --out out`, RUNTIME],
  [`stage ${VERSION} --out out`, '.out'],
  [`pack ${VERSION} --targets linux-x64 --out out`, RUNTIME],
  [`pack ${VERSION} --targets linux-x64 --out out`, '.out'],
  [
    `download ${VERSION} --out out --source github`,
    'out/1.2.3/.partial/codex-package-x86_64-unknown-linux-musl.tar.gz',
  ],
  [`uninstall ${VERSION}`, RUNTIME, ['which', VERSION]],
  ['uninstall --prefix p', 'p/.codex-cli-bin/install', ['install', VERSION, '--prefix', 'p']],
  [
    'uninstall --ecosystem python --prefix p',
    'p/.codex_cli_bin/install',
    ['install', VERSION, '--ecosystem', 'python', '--prefix', 'p'],
  ],
];

describe('an operation whose work another process holds', () => {
  it.each(WAITS.map(([words, path, first]) => ({ words, path, first })))(
    '$words says so in one line, and ends within a second of SIGINT ($path)',
    async ({ words, path, first }) => {
      await using github = await startLoopbackGitHub({
        releases: [await miniatureRelease(VERSION)],
      });
      const dir = await tempDir();
      const env = github.env;
      if (first !== undefined) expect((await runCli(first, { dir, env })).status).toBe(0);
      const held = join(dir, path);
      await mkdir(dirname(held), { recursive: true });
      await workOnce({
        ...PATIENT,
        path: held,
        work: async () => {
          const child = spawn(process.execPath, [BIN, ...words.split(' ')], {
            cwd: dir,
            env: { ...cliEnvironment(dir), ...env },
            stdio: ['ignore', 'pipe', 'pipe'],
          });
          let said = '';
          child.stderr.setEncoding('utf8').on('data', (text: string) => {
            said += text;
          });
          const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
          await expect
            .poll(() => said, { timeout: 60_000 })
            .toMatch(/^Waiting: .*another process.*\n/m);
          const interrupted = performance.now();
          child.kill('SIGINT');
          expect(await ended).toBe(130);
          expect(performance.now() - interrupted).toBeLessThan(1_000);
          expect(said.match(/^Waiting:/gm)).toHaveLength(1);
        },
      });
    },
  );

  it('is passed over by prune, which does not wait', async () => {
    const dir = await tempDir();
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease(VERSION)] });
    await runCli(['which', VERSION], { dir, env: github.env });
    await workOnce({
      ...PATIENT,
      path: join(dir, RUNTIME),
      work: async () => {
        const run = await runCli(['prune', '--unused-for', '0s', '--json'], { dir });
        expect(run, run.stderr).toMatchObject({ status: 0 });
        expect(JSON.parse(run.stdout)).toMatchObject({
          removed: [],
          kept: [{ reasons: ['busy'] }],
        });
      },
    });
    expect(await readdir(join(dir, 'home/store'))).toEqual([VERSION]);
  });
});
