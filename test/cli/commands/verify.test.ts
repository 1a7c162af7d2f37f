import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { document, runCli } from '../../support/run-cli.ts';
import { storedRuntime } from '../../support/stored-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime verify', () => {
  it('ends with 0 when all is whole, and with 9 and the damages when it is not', async () => {
    const around = { dir: await tempDir() };
    const { dir } = await storedRuntime(join(around.dir, 'home'));
    const whole = await runCli(['verify', '0.115.0'], around);
    expect(whole).toMatchObject({ status: 0, stderr: '' });
    expect(whole.stdout).toContain(dir);
    await rm(join(dir, 'codex-path', 'rg'));
    const damaged = await runCli(['verify', '--json'], around);
    expect(damaged.status).toBe(9);
    expect(document(damaged)).toMatchObject({
      code: 'DAMAGED',
      damages: [{ dir, path: 'codex-path/rg', kind: 'missing' }],
    });
    const words = await runCli(['verify'], around);
    expect(words.stdout).toBe('');
    expect(words.stderr).toContain('  - codex-path/rg is missing\n');
    expect(words.stderr).toContain('codex-runtime install 0.115.0');
  });

  it('ends with 4 when there is nothing to look at', async () => {
    expect((await runCli(['verify'], { dir: await tempDir() })).status).toBe(4);
  });
});
