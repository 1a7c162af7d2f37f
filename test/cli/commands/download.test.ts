import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../src/target/index.ts';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime download', () => {
  it('prints the archives, and says how to install from them', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    const out = join(around.dir, 'mirror');
    const run = await runCli(['download', '1.2.3', '--all-targets', '--out', 'mirror'], around);
    expect(run.status).toBe(0);
    expect(run.stdout.trim().split('\n')).toHaveLength(6);
    expect(run.stderr).toContain(`codex-runtime install 1.2.3 --source dir:${out}`);
    const again = await runCli(
      ['download', '1.2.3', '--target', 'linux-x64', '--out', out, '--json'],
      around,
    );
    expect(document(again)).toMatchObject({ version: '1.2.3', out, assets: [{ downloaded: 0 }] });
    expect(await readdir(join(out, '1.2.3'))).toHaveLength(7);
  });

  it('fills a directory that says of a changed archive, and of a version it lacks, what to do', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    const { stdout } = await runCli(['download', '1.2.3', '--out', 'a b', '--quiet'], around);
    await appendFile(stdout.trim(), 'x');
    const from = ['--source', 'dir:a b', '--json'];
    const changed = document(await runCli(['which', '1.2.3', ...from], around));
    expect(changed).toMatchObject({
      code: 'DIGEST_MISMATCH',
      hint: expect.stringContaining('codex-runtime download'),
    });
    const lacking = document(await runCli(['which', '1.2.4', ...from], around));
    expect(lacking).toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      hint: expect.stringContaining(`"codex-runtime list --remote --source 'dir:a b'"`),
    });
  });

  it('says which targets it leaves out because the lockfile pins nothing for them', async () => {
    const releases = [await miniatureRelease('1.2.3', { targets: [parseTarget('linux-x64')] })];
    await using github = await startLoopbackGitHub({ releases });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['pin', '1.2.3'], around);
    const run = await runCli(['download', '--all-targets', '--out', 'mirror'], around);
    expect(run.status).toBe(0);
    expect(run.stdout.trim().split('\n')).toHaveLength(1);
    expect(run.stderr.match(/^Left out: .+$/gm)).toHaveLength(5);
  });

  it('needs a directory, and one way to name the targets', async () => {
    const around = { dir: await tempDir() };
    expect((await runCli(['download', '1.2.3'], around)).status).toBe(2);
    const both = ['download', '1.2.3', '--out', 'x', '--all-targets', '--target', 'linux-x64'];
    expect((await runCli(both, around)).status).toBe(2);
  });
});
