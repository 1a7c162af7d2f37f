import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { expect, it, onTestFinished } from 'vitest';
import { Codex } from '../../src/app-server/index.ts';
import { makeCodexHome } from '../support/codex-home.ts';
import { listenReal, realExecutable } from '../support/real-codex.ts';

it('a server of another version than the pinned one is joined with a warning that names both', async () => {
  const home = await makeCodexHome('http://127.0.0.1:9');
  onTestFinished(() => home.remove());
  const listener = await listenReal(await realExecutable('0.171.0'), home);
  onTestFinished(() => listener.end());
  const warnings: Error[] = [];
  const listen = (warning: Error) => {
    if ('code' in warning && warning.code === 'CODEX_RUNTIME_VERSION') warnings.push(warning);
  };
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));
  const joined = async (version: string) => {
    const env = { HOME: home.dir, CODEX_RUNTIME_VERSION: version };
    const codex = await Codex.connect(listener.path, { cwd: home.work, env });
    await codex.close();
  };
  // Warnings come a tick later.
  const warned = once(process, 'warning');
  await joined('0.115.0');
  await warned;
  expect(warnings.map(({ message }) => message)).toEqual([
    `The app-server at ${listener.path} is Codex 0.171.0, but CODEX_RUNTIME_VERSION says 0.115.0.`,
  ]);
  await joined('0.171.0');
  // What cannot be read is for other commands to tell.
  await writeFile(join(home.work, 'codex-runtime.lock.json'), '{');
  await joined('not-a-version');
  await new Promise(setImmediate);
  expect(warnings).toHaveLength(1);
  const strict = { cwd: home.work, env: {}, expectedVersion: '0.115.0' };
  await expect(Codex.connect(listener.path, strict)).rejects.toMatchObject({
    code: 'VERSION_MISMATCH',
  });
});
