import { execFile } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { verifyPrintedVersion } from '../../src/child/codex-version.ts';
import { presenceOf, thisProcess } from '../../src/disk/owner.ts';
import { parseVersion } from '../../src/pin/index.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

it('an executable that hangs and ignores signals does not outlive its check', async () => {
  const dir = await tempDir();
  const [executable, note] = [join(dir, 'codex'), join(dir, 'pid')];
  const script = `#!/bin/sh\ntrap '' TERM INT\necho $$ > '${note}'\nwhile :; do sleep 0.05; done\n`;
  await writeFile(executable, script, { mode: 0o755 });
  const controller = new AbortController();
  const checked = failure(
    verifyPrintedVersion(executable, parseVersion('0.115.0'), controller.signal),
  );
  await expect.poll(() => readFile(note, 'utf8').catch(() => '')).toMatch(/\n/);
  controller.abort();
  const before = performance.now();
  expect((await checked).code).toBe('ABORTED');
  // Long before the check's own patience ends.
  expect(performance.now() - before).toBeLessThan(10_000);
  const pid = Number(await readFile(note, 'utf8'));
  await expect.poll(() => presenceOf({ ...thisProcess(), pid, started: null })).toBe('gone');
});

it('a file that no machine runs is an installation that failed', async () => {
  const executable = join(await tempDir(), 'codex');
  await writeFile(executable, '\u007fELF garbage', { mode: 0o755 });
  const error = await failure(verifyPrintedVersion(executable, parseVersion('0.115.0')));
  expect(error.code).toBe('INSTALL_FAILED');
});

describe('a program that is open for writing for a moment', () => {
  async function busyProgram() {
    const executable = join(await tempDir(), 'codex');
    await writeFile(executable, '#!/bin/sh\necho codex-cli 0.115.0\n', { mode: 0o755 });
    return { executable, writing: await open(executable, 'r+') };
  }

  it('is tried again', async () => {
    const { executable, writing } = await busyProgram();
    setTimeout(() => void writing.close(), 500);
    await verifyPrintedVersion(executable, parseVersion('0.115.0'));
  });

  it('is given up when it stays so, and not called a mount without the right to run', async () => {
    const { executable, writing } = await busyProgram();
    const error = await failure(verifyPrintedVersion(executable, parseVersion('0.115.0')));
    await writing.close();
    expect(error).toMatchObject({ code: 'INSTALL_FAILED', fields: { errno: 'ETXTBSY' } });
    expect(error.hint).not.toContain('noexec');
  });
});

it('a check that finds no file to spare is tried again', async () => {
  const executable = join(await tempDir(), 'codex');
  await writeFile(executable, '#!/bin/sh\necho codex-cli 0.115.0\n', { mode: 0o755 });
  const program = fileURLToPath(new URL('../fixtures/few-files.ts', import.meta.url));
  const few = 'ulimit -n 256; exec "$0" --import tsx "$@"';
  const args = ['-c', few, process.execPath, program, executable];
  const { stdout } = await promisify(execFile)('sh', args);
  // The second check came to its end only when the files were closed.
  expect(stdout).toBe('EMFILE 0\n');
});
