import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { extractRuntime } from '../../src/extract/index.ts';
import { assetOf } from '../support/extract-request.ts';
import { realTarball } from '../support/real-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

it('the real npm tarball of 0.115.0 becomes a Codex that knows its version', async () => {
  const path = await realTarball('0.115.0');
  const destination = await tempDir();
  const files = await extractRuntime({
    asset: assetOf({ layout: 'npm', name: 'openai-codex-0.115.0-linux-x64.tgz' }),
    bytes: createReadStream(path),
    path,
    destination,
  });
  expect(files).toMatchObject([
    { path: 'bin/codex', size: 133_414_424, mode: 0o755 },
    { path: 'codex-path/rg', size: 5_445_512, mode: 0o755 },
  ]);
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  const { stdout } = await promisify(execFile)(join(destination, 'bin/codex'), ['--version'], {
    env: { HOME: destination, CODEX_HOME: destination },
  });
  expect(stdout.trim()).toBe('codex-cli 0.115.0');
}, 180_000);
