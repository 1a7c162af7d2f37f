import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureCodex, miniatureRelease } from '../support/miniature-release.ts';
import { runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Releases whose executables differ from `mark` to `mark`. */
async function releases(mark: string) {
  const executable = (version: string) =>
    Buffer.concat([miniatureCodex(version), Buffer.from(`# ${mark}\n`)]);
  return await startLoopbackGitHub({
    releases: await Promise.all(
      ['1.2.3', '1.2.4'].map((version) =>
        miniatureRelease(version, { executable: () => executable(version) }),
      ),
    ),
  });
}

it.each([
  ['install', '1.2.4'],
  ['install', '1.2.3', '--force'],
  ['uninstall', '1.2.3'],
])('an executable that somebody runs keeps its bytes: %s %s', async (...words) => {
  await using before = await releases('before');
  await using after = await releases('after');
  const dir = await tempDir();
  const prefix = ['--prefix', 'p'];
  const installed = await runCli(['install', '1.2.3', ...prefix], { dir, env: before.env });
  const executable = installed.stdout.trimEnd();
  const stored = join(dir, 'home/store/1.2.3');
  expect(installed, installed.stderr).toMatchObject({ status: 0 });
  // What the system holds open of a program that runs.
  const handle = await open(executable);
  onTestFinished(() => handle.close());
  const bytes = await handle.readFile();
  const { ino, mtimeMs } = await handle.stat();
  const next = await runCli([...words, ...prefix], { dir, env: after.env });
  expect(next, next.stderr).toMatchObject({ status: 0 });
  const read = await handle.read(Buffer.alloc(bytes.length + 1), 0, bytes.length + 1, 0);
  expect(read.buffer.subarray(0, read.bytesRead).equals(bytes)).toBe(true);
  expect(await handle.stat()).toMatchObject({ ino, mtimeMs });
  // The work was done all the same, and not by leaving the file where it was.
  expect((await stat(executable).catch(() => null))?.ino).not.toBe(ino);
  const kept = await stat(stored).catch(() => null);
  expect(kept === null).toBe(words[0] === 'uninstall');
});
