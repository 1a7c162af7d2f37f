import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('codex-runtime bridge', () => {
  it('relays stdin and stdout, and ends with 0', async () => {
    const dir = await tempDir();
    const path = join(dir, 's.sock');
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
      socket.on('end', () => socket.end());
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    const input = 'a line\n'.repeat(30_000);
    expect(await runCli(['bridge', path], { dir, input })).toEqual({
      status: 0,
      stdout: input.toUpperCase(),
      stderr: '',
    });
  });

  it('ends with 8 when nobody listens', async () => {
    const dir = await tempDir();
    const run = await runCli(['bridge', join(dir, 'none')], { dir });
    expect(run).toMatchObject({
      status: 8,
      stdout: '',
      stderr: expect.stringContaining('no such socket'),
    });
  });
});
