import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { cliEnvironment, document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const BIN = fileURLToPath(new URL('../../../bin/codex-runtime.js', import.meta.url));

describe('surroundings that cannot be used', () => {
  it.each([
    'registry=not a url',
    'registry=https://',
    'registry=ftp://user:canary-pass@example.test/',
    '@openai:registry=https://a b/',
  ])('"%s" in .npmrc is a usage error with words of its own, and not shown', async (line) => {
    const dir = await tempDir();
    await writeFile(join(dir, '.npmrc'), `${line}\n`);
    const run = await runCli(['resolve', '1.2.3', '--source', 'npm', '--json'], { dir });
    expect(run.status).toBe(2);
    expect(document(run)).toMatchObject({
      code: 'USAGE',
      setting: expect.stringMatching(/registry$/),
    });
    expect(run.stdout + run.stderr).not.toContain('canary-pass');
  });

  it.each([['list'], ['resolve', '1.2.3'], ['install', '1.2.3'], ['pin', '--check'], ['doctor']])(
    'a working directory that was removed is a usage error of %s',
    async (...args) => {
      const dir = await tempDir();
      const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
      const { status, stdout } = spawnSync(
        'sh',
        ['-c', script, 'sh', process.execPath, BIN, ...args, '--json'],
        { cwd: dir, env: cliEnvironment(dir), encoding: 'utf8' },
      );
      expect(status).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({ code: 'USAGE', hint: expect.any(String) });
    },
  );
});

describe('surroundings that a run does not use', () => {
  it.each([
    { GH_HOST: 'https://code.example.com' },
    { GITHUB_API_URL: 'not a url' },
    { GITHUB_SERVER_URL: 'file:///etc' },
    { CODEX_RUNTIME_MIRROR_URL: 'mirror' },
  ])('do not end it, and end one that uses them: %j', async (wrong) => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const dir = await tempDir();
    await runCli(['download', '1.2.3', '--out', 'd', '--quiet'], { dir, env: github.env });
    const around = { dir, env: { ...github.env, ...wrong } };
    const inside = await runCli(['which', '1.2.3', '--source', 'dir:d'], around);
    expect(inside, inside.stderr).toMatchObject({ status: 0 });
    const [name = ''] = Object.keys(wrong);
    const source = name === 'CODEX_RUNTIME_MIRROR_URL' ? 'mirror' : 'github';
    const asked = await runCli(['resolve', '1.2.3', '--source', source, '--json'], around);
    expect(asked.status).toBe(2);
    expect(document(asked)).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(name),
    });
  });
});
