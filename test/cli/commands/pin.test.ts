import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime pin', () => {
  it('prints the path of the lockfile, which --check then finds true', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    const path = join(around.dir, 'codex-runtime.lock.json');
    expect(await runCli(['pin', '1.2.3'], around)).toMatchObject({
      status: 0,
      stdout: `${path}\n`,
    });
    expect(await readFile(path, 'utf8')).toContain('"version": "1.2.3"');
    expect(await runCli(['pin', '--check', '--quiet'], around)).toEqual({
      status: 0,
      stdout: `${path}\n`,
      stderr: '',
    });
  });

  it('ends with 3 and every finding in the document when the lockfile lacks something', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['pin', '1.2.3', '--source', 'npm'], around);
    const run = await runCli(['pin', '--check', '--json'], around);
    expect(run.status).toBe(3);
    expect(document(run)).toMatchObject({ code: 'LOCK_INCOMPLETE', version: '1.2.3' });
    expect(document(run)['findings']).not.toHaveLength(0);
  });

  it('refuses --check together with --deep', async () => {
    expect(await runCli(['pin', '--check', '--deep'], { dir: await tempDir() })).toMatchObject({
      status: 2,
      stdout: '',
    });
  });
});
