import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { storedRuntime } from '../../support/stored-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime doctor', () => {
  it('prints its findings, and ends with 0 when nothing fails', async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('0.115.0')],
    });
    const run = await runCli(['doctor'], { dir: await tempDir(), env: github.env });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('ok    Reachable: github, mirror, npm.\n');
    expect(run.stdout).not.toContain('\u001b');
  });

  it('ends with 9 when a runtime is incomplete; quiet shows only that', async () => {
    const around = { dir: await tempDir() };
    await storedRuntime(join(around.dir, 'home'), { version: '0.153.0' });
    const args = ['doctor', '0.153.0', '--offline'];
    const run = await runCli([...args, '--quiet'], around);
    expect(run.status).toBe(9);
    expect(run.stdout).not.toMatch(/^ok/m);
    expect(run.stdout).toMatch(/^fail {2}Codex 0\.153\.0 .* lacks bin\/codex-code-mode-host/m);
    const json = document(await runCli([...args, '--json'], around));
    expect(json).toMatchObject({ healthy: false, exitStatus: 9 });
    expect(json['findings']).toContainEqual(
      expect.objectContaining({ id: 'store', status: 'fail', code: 'DAMAGED' }),
    );
  });
});
