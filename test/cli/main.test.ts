import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { document, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('a command that waits for what can never come', () => {
  it('fails instead of ending with 0 and no result', async () => {
    const dir = await tempDir();
    const preload = join(dir, 'never.cjs');
    await writeFile(preload, "require('node:fs/promises').readdir = () => new Promise(() => {});");
    const run = await runCli(['list', '--json'], {
      dir,
      env: { NODE_OPTIONS: `--require ${preload}` },
    });
    expect(run.status).toBe(1);
    expect(document(run)).toMatchObject({ code: 'UNEXPECTED' });
  });
});
