import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { extractRuntime } from '../../src/extract/index.ts';
import { tar, zip } from '../support/archives.ts';
import { failure } from '../support/failure.ts';
import { openBench } from '../support/unpacking.ts';

const TRIPLE = 'x86_64-unknown-linux-musl';

describe('extractRuntime', () => {
  it('unpacks a bare tar.gz to the entrypoint', async () => {
    await using bench = await openBench();
    const archive = gzipSync(tar([{ name: `codex-${TRIPLE}`, body: 'binary', mode: 0o755 }]));
    const files = await bench.unpack(archive, { layout: 'bare' });
    expect(files).toMatchObject([{ path: 'bin/codex', size: 6, mode: 0o755 }]);
    expect(await bench.canary.changes()).toEqual([]);
  });

  it('unpacks a Windows zip with its helpers', async () => {
    await using bench = await openBench();
    const archive = zip([
      { name: 'codex-x86_64-pc-windows-msvc.exe', body: 'binary' },
      { name: 'codex-command-runner.exe', body: 'runner' },
      { name: 'codex-windows-sandbox-setup.exe', body: 'setup', deflate: false },
    ]);
    const files = await bench.unpack(archive, {
      format: 'zip',
      layout: 'bare',
      target: 'win32-x64',
    });
    expect(files.map(({ path, mode }) => [path, mode])).toEqual([
      ['bin/codex.exe', 0o755],
      ['codex-resources/codex-command-runner.exe', 0o755],
      ['codex-resources/codex-windows-sandbox-setup.exe', 0o755],
    ]);
  });

  it('counts its own time, not that in which bytes are waited for', async () => {
    await using bench = await openBench();
    const archive = gzipSync(tar([{ name: 'bin/codex', body: 'binary', mode: 0o755 }]));
    const request = await bench.request(archive);
    const late = async function* () {
      await sleep(1_500);
      yield archive;
    };
    const limits = { workMs: 1_200 };
    expect(await extractRuntime({ ...request, bytes: late(), limits })).toHaveLength(1);
    const none = await bench.request(archive);
    const error = await failure(extractRuntime({ ...none, limits: { workMs: 0 } }));
    expect(error.fields['reason']).toBe('too-long');
  });
});
