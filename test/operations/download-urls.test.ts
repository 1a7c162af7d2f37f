import { describe, expect, it } from 'vitest';
import { downloadUrls } from '../../src/operations/download-urls.ts';
import type { PackedFile } from '../../src/package/pack/index.ts';
import { settingsOf } from '../../src/request/index.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

async function settingsWith(env: Record<string, string>) {
  const dir = await tempDir();
  return settingsOf({ cwd: dir, env: { HOME: dir, ...env } });
}

function packed(name: string, ecosystem: PackedFile['ecosystem'] = 'node'): PackedFile {
  return {
    ...{ path: 'file', size: 1, sha256: '', integrity: '', target: null, ecosystem },
    package: { name, version: '1.2.3' },
  };
}

describe('downloadUrls', () => {
  it("leads to the package's own registry, without its password", async () => {
    const settings = await settingsWith({
      npm_config_registry: 'http://me:canary@localhost:1/npm',
      'npm_config_@example:registry': 'http://localhost:2/',
    });
    const url = await downloadUrls(settings, undefined);
    expect(url(packed('codex-cli-bin-linux-x64'))).toBe(
      'http://localhost:1/npm/codex-cli-bin-linux-x64/-/codex-cli-bin-linux-x64-1.2.3.tgz',
    );
    expect(url(packed('@example/codex-linux-x64'))).toBe(
      'http://localhost:2/@example/codex-linux-x64/-/codex-linux-x64-1.2.3.tgz',
    );
    expect(url(packed('codex_cli_bin', 'python'))).toBeNull();
  });

  it('takes a directory for archives of every kind, and none that tells a secret', async () => {
    const settings = await settingsWith({});
    const url = await downloadUrls(settings, 'https://downloads.example/v1');
    expect(url(packed('codex_cli_bin', 'python'))).toBe('https://downloads.example/v1/file');
    for (const text of [
      'nowhere',
      'ftp://downloads.example',
      'https://me:canary@downloads.example',
      'https://downloads.example/?token=canary',
    ]) {
      const error = await failure(downloadUrls(settings, text));
      expect(error.code).toBe('USAGE');
      expect(JSON.stringify(error)).not.toContain('canary');
    }
  });
});
