import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
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
