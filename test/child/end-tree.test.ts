import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endTree } from '../../src/child/end-tree.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A directory that stands for Windows' own, with a taskkill that notes its words. */
async function windows(script: string): Promise<{ env: Record<string, string>; note: string }> {
  const root = await tempDir();
  const note = join(root, 'note');
  await mkdir(join(root, 'System32'));
  const taskkill = join(root, 'System32/taskkill.exe');
  await writeFile(taskkill, `#!/bin/sh\necho "$*" > ${note}\n${script}\n`);
  await chmod(taskkill, 0o755);
  return { env: { systemroot: root }, note };
}

const waiting = () => spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);

describe.runIf(process.platform !== 'win32')('a child that is to end on Windows', () => {
  it('is ended with all that it has started, by taskkill of Windows itself', async () => {
    const child = waiting();
    const { env, note } = await windows('kill -9 $2');
    endTree(child, env, 'win32');
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    expect(await readFile(note, 'utf8')).toBe(`/pid ${child.pid} /t /f\n`);
  });

  it.each([
    ['fails', 'exit 128'],
    ['is missing', undefined],
  ])('is ended alone where taskkill %s', async (_, script) => {
    const child = waiting();
    const env =
      script === undefined ? { SystemRoot: await tempDir() } : (await windows(script)).env;
    endTree(child, env, 'win32');
    expect((await once(child, 'exit'))[1]).toBe('SIGTERM');
  });

  it('is left alone once it has ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const { env, note } = await windows('');
    endTree(child, env, 'win32');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await expect(readFile(note)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe.runIf(process.platform !== 'win32')('a child that is to end elsewhere', () => {
  it('is asked, and ends its own children', async () => {
    const child = waiting();
    endTree(child, {}, 'linux');
    expect((await once(child, 'exit'))[1]).toBe('SIGTERM');
  });
});
