import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { cliEnvironment, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const BIN = fileURLToPath(new URL('../../bin/codex-runtime.js', import.meta.url));

/** Modules of Node that take milliseconds to load, each. */
const SLOW = [
  'child_process',
  'crypto',
  'fs/promises',
  'http',
  'https',
  'net',
  'module',
  'perf_hooks',
  'stream',
  'tls',
  'tty',
  'worker_threads',
  'zlib',
];

it('loads nothing slow where there is nothing to do', async () => {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const dir = await tempDir();
  const args = ['install', '1.2.3', '--prefix', 'p'];
  expect((await runCli(args, { dir, env: github.env })).status).toBe(0);
  const list = join(dir, 'loaded');
  const observe = `const { writeFileSync } = require('node:fs');
    process.on('exit', () => writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join('\\n')));`;
  await writeFile(join(dir, 'observe.cjs'), observe);
  const loaded = async (words: readonly string[]) => {
    const all = ['--require', join(dir, 'observe.cjs'), ...words];
    // To files, as a runner's log is.
    await promisify(execFile)('sh', ['-c', '"$@" > out 2> err', 'sh', process.execPath, ...all], {
      cwd: dir,
      env: { ...cliEnvironment(dir), ...github.env },
    });
    const lines = (await readFile(list, 'utf8')).split('\n');
    return lines.map((line) => line.replace(/^NativeModule /, ''));
  };
  await writeFile(join(dir, 'nothing.cjs'), '');
  const always = new Set(await loaded(['nothing.cjs']));
  const ours = (await loaded([BIN, ...args])).filter((name) => !always.has(name));
  expect(ours.filter((name) => SLOW.includes(name))).toEqual([]);
  // process.stdout, which is a stream of its kind.
  expect(ours).not.toContain('internal/fs/sync_write_stream');
});

it('reads one file of its own besides the one that begins', async () => {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const dir = await tempDir();
  const args = ['install', '1.2.3', '--prefix', 'p'];
  expect((await runCli(args, { dir, env: github.env })).status).toBe(0);
  const observe = `process.on('exit', () => console.log(Object.keys(require.cache).join('\\n')));`;
  await writeFile(join(dir, 'observe.cjs'), observe);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--require', './observe.cjs', BIN, ...args, '--quiet'],
    { cwd: dir, env: { ...cliEnvironment(dir), ...github.env } },
  );
  const own = stdout.split('\n').filter((path) => /\/(bin|dist)\/\S+\.js$/.test(path));
  expect(own.map((path) => path.replace(/.*\/(?=bin|dist)/, ''))).toEqual([
    'bin/codex-runtime.js',
    'dist/chunks/start.js',
  ]);
});
