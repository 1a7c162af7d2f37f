import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoopbackGitHub, startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** What Python and pip may be given that starts with a dash. */
const OPTIONS =
  /^(-c|-m|--|--(no-deps|no-index|force-reinstall|disable-pip-version-check|no-input|no-warn-script-location|no-cache-dir|yes)|--target=\/.+)$/;

let github: LoopbackGitHub;
beforeAll(async () => {
  github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
});
afterAll(() => github[Symbol.asyncDispose]());

/** An interpreter that has nothing installed and no pip, and notes its arguments. */
async function notingPython() {
  const dir = await tempDir();
  const log = join(dir, 'arguments');
  const python = join(dir, 'python3');
  await writeFile(python, `#!/bin/sh\nprintf '%s\\0' "$@" >>'${log}'\nexit 1\n`);
  await chmod(python, 0o755);
  const given = async () => (await readFile(log, 'utf8')).split('\0').slice(0, -1);
  return { dir, python, given };
}

describe.skipIf(process.platform === 'win32')('a word that looks like an option of pip', () => {
  it.each(['--index-url=http://127.0.0.1:9', '-rf', '--', '-'])(
    'names a directory as the prefix: %s',
    async (word) => {
      const { dir, python, given } = await notingPython();
      const words = ['--ecosystem=python', `--python=${python}`, `--prefix=${word}`];
      const run = await runCli(['install', '1.2.3', ...words], { dir, env: github.env });
      expect(run).toMatchObject({ status: 8, stdout: '' });
      const all = await given();
      const target = all.find((each) => each.startsWith('--target='));
      expect(target?.startsWith(`--target=${join(dir, word)}/`), target).toBe(true);
      expect(all.filter((each) => each.startsWith('-') && !OPTIONS.test(each))).toEqual([]);
    },
  );

  it.each(['-c', '--version'])('names a program as the interpreter: %s', async (word) => {
    const { dir } = await notingPython();
    const words = ['install', '1.2.3', '--ecosystem=python', `--python=${word}`, '--json'];
    const run = await runCli(words, { dir, env: github.env });
    expect(run.status).toBe(8);
    expect(JSON.parse(run.stdout)).toMatchObject({ code: 'INSTALL_FAILED', python: word });
  });

  it.each(['--editable', '-r', '--index-url=x'])('is no name of a package: %s', async (word) => {
    const { dir, python, given } = await notingPython();
    const words = ['uninstall', '--ecosystem=python', `--python=${python}`, `--name=${word}`];
    expect((await runCli(words, { dir })).status).toBe(2);
    await expect(given()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
