import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planInstall } from '../../src/operations/plan-install.ts';
import { failure } from '../support/failure.ts';
import { pipLike } from '../support/pip-like.ts';
import { tempDir } from '../support/temp-dir.ts';

const env = { PATH: process.env['PATH'] };

describe('planInstall for Python, without a version', () => {
  it("names Python's own variable", async () => {
    const dir = await tempDir();
    const options = { prefix: join(dir, 'site'), cwd: dir, home: join(dir, 'home'), env };
    const error = await failure(planInstall({ ...options, ecosystem: 'python' }));
    expect(error).toMatchObject({ code: 'PIN_MISSING', message: 'No Codex version is named.' });
    expect(error.hint).toContain('CODEX_PYTHON_RUNTIME_VERSION');
    expect(error.hint).not.toContain('CODEX_NODE_RUNTIME_VERSION');
  });

  it('says which package is there, damaged, and how to install it again', async () => {
    const dir = await tempDir();
    const prefix = join(dir, 'a site');
    await mkdir(prefix);
    await pipLike(prefix, '0.116.0a2');
    const options = { prefix, cwd: dir, home: join(dir, 'home'), env };
    for (const damage of [
      () => writeFile(join(prefix, 'codex_cli_bin/runtime.json'), '{'),
      () => writeFile(join(prefix, 'codex_cli_bin/__init__.py'), 'raise ValueError'),
    ]) {
      await damage();
      const error = await failure(planInstall({ ...options, ecosystem: 'python' }));
      expect(error).toMatchObject({
        code: 'PIN_MISSING',
        exitStatus: 3,
        message: expect.stringContaining(`codex-cli-bin 0.116.0a2 in ${prefix} is damaged`),
        fields: { installed: '0.116.0a2', dir: prefix },
      });
      expect(error.hint).toContain(
        `codex-runtime install 0.116.0a2 --ecosystem python --prefix '${prefix}'`,
      );
    }
  });
});
