import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { document, runCli } from '../../support/run-cli.ts';
import { storedRuntime } from '../../support/stored-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime prune', () => {
  it('says what would go, and then removes it', async () => {
    const around = { dir: await tempDir() };
    const home = join(around.dir, 'home');
    const { dir } = await storedRuntime(home);
    await utimes(join(dir, 'runtime.json'), 0, 0);
    await storedRuntime(home, { version: '0.116.0' });
    const dry = await runCli(['prune', '--unused-for', '12h', '--dry-run'], around);
    expect(dry.status).toBe(0);
    expect(dry.stdout).toMatch(
      /^outcome .*\nwould go +0\.115\.0 .*\nstays +0\.116\.0 .*recently\n$/,
    );
    const real = await runCli(['prune', '--keep', '1', '--json'], around);
    expect(document(real)).toMatchObject({ removed: [{ dir }], kept: [{ reasons: ['kept'] }] });
  });

  it('does not speak of bytes where there is nothing to remove', async () => {
    const run = await runCli(['prune'], { dir: await tempDir() });
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).not.toMatch(/\d/);
  });

  it('refuses what is no duration or count', async () => {
    const around = { dir: await tempDir() };
    for (const args of [
      ['--unused-for', 'soon'],
      ['--keep', '-1'],
      ['--keep', 'all'],
    ]) {
      expect((await runCli(['prune', ...args], around)).status).toBe(2);
    }
  });
});
