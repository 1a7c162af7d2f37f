import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('a release without a repository, which provenance needs, is refused', async () => {
  const dir = await tempDir();
  await mkdir(join(dir, 'scripts'));
  const script = join(dir, 'scripts/check-release.ts');
  await copyFile(join(ROOT, 'scripts/check-release.ts'), script);
  await writeFile(join(dir, 'CHANGELOG.md'), '## 1.0.0 (2026-01-01)\n');
  const check = async (more: object) => {
    const manifest = { version: '1.0.0', type: 'module', ...more };
    await writeFile(join(dir, 'package.json'), JSON.stringify(manifest));
    const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
    return await new Promise<string>((resolve) => {
      execFile(process.execPath, [tsx, script, 'v1.0.0'], (_error, _out, stderr) => {
        resolve(stderr);
      });
    });
  };
  expect(await check({})).toContain('no "repository"');
  expect(await check({ repository: { type: 'git', url: 'git+https://example.com/a.git' } })).toBe(
    '',
  );
});
