import { execFile } from 'node:child_process';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { cliEnvironment, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(
  new URL('../../.github/actions/setup-codex-runtime/setup.mjs', import.meta.url),
);

/** A directory that imitates a GitHub runner, and the script in it. */
async function runner(env: Readonly<Record<string, string>> = {}) {
  const dir = await realpath(await tempDir());
  const files = {
    GITHUB_OUTPUT: join(dir, 'output'),
    GITHUB_PATH: join(dir, 'path'),
    GITHUB_WORKSPACE: join(dir, 'workspace'),
    RUNNER_TEMP: join(dir, 'temp'),
    RUNNER_TOOL_CACHE: join(dir, 'tools'),
  };
  await mkdir(files.GITHUB_WORKSPACE);
  const base = { ...cliEnvironment(dir), ...env, ...files };
  return {
    ...files,
    dir,
    env: base,
    script: (step: 'plan' | 'install', inputs: Readonly<Record<string, string>> = {}) =>
      run(process.execPath, [SCRIPT, step], { env: { ...base, ...inputs } }),
    outputs: async () =>
      Object.fromEntries(
        (await readFile(files.GITHUB_OUTPUT, 'utf8'))
          .trimEnd()
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      ),
  };
}

describe('setup-codex-runtime', () => {
  it('installs the version of its input and puts codex on PATH', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const { script, outputs, dir, GITHUB_PATH } = await runner(github.env);
    const { stdout } = await script('install', { INPUT_VERSION: '1.2.3', INPUT_PREFIX: 'tools' });
    const prefix = join(dir, 'workspace/tools');
    const { path, version } = await outputs();
    expect(version).toBe('1.2.3');
    expect(path?.startsWith(prefix)).toBe(true);
    const onPath = (await readFile(GITHUB_PATH, 'utf8')).trimEnd();
    expect(onPath).toBe(join(prefix, 'node_modules/.bin'));
    const answer = await run(join(onPath, 'codex'), ['--version']);
    expect(answer.stdout).toBe('codex-cli 1.2.3\n');
    expect(stdout).toMatch(/^::group::Install Codex 1\.2\.3\n::stop-commands::[0-9a-f-]{36}\n/);
    expect(stdout).toMatch(/::endgroup::\n$/);
  });

  it('installs what the lockfile pins, and nothing without one', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const job = await runner(github.env);
    await expect(job.script('install')).rejects.toMatchObject({
      stdout: expect.stringContaining('::error::'),
    });
    const pinned = await runCli(['pin', '1.2.3'], { dir: job.GITHUB_WORKSPACE, env: github.env });
    expect(pinned.status).toBe(0);
    await job.script('install');
    expect(await job.outputs()).toMatchObject({ version: '1.2.3' });
  });

  it('keys the cache by the lockfile, by an exact version, and not by a moving one', async () => {
    const key = async (inputs: Readonly<Record<string, string>>, lockfile?: string) => {
      const job = await runner();
      if (lockfile !== undefined) {
        await writeFile(join(job.GITHUB_WORKSPACE, 'codex-runtime.lock.json'), lockfile);
      }
      await job.script('plan', { INPUT_CACHE: 'true', ...inputs });
      const outputs = await job.outputs();
      expect(outputs['store']).toBe(join(job.RUNNER_TOOL_CACHE, 'codex-runtime/store'));
      return outputs['key'];
    };
    const machine = `${process.platform}-${process.arch}`;
    expect(await key({ INPUT_VERSION: 'rust-v1.2.3' })).toBe(`codex-runtime-${machine}-1.2.3`);
    expect(await key({ INPUT_VERSION: 'latest' })).toBe('');
    expect(await key({ INPUT_VERSION: '^1.2.0' })).toBe('');
    expect(await key({})).toBe('');
    expect(await key({ INPUT_CACHE: 'false' }, '{}')).toBe('');
    const locked = await key({}, '{"version":"1.2.3"}');
    expect(locked).toMatch(/-[0-9a-f]{32}$/);
    expect(await key({}, '{"version":"1.2.4"}')).not.toBe(locked);
  });

  it.each([
    ['INPUT_VERSION', '1.2.3\nPATH=/evil'],
    ['INPUT_VERSION', '--global'],
    ['INPUT_PREFIX', 'a\nb'],
    ['INPUT_SOURCE', '--offline\nx'],
  ])('writes nothing when %s is hostile', async (name, value) => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const job = await runner(github.env);
    const inputs = { INPUT_VERSION: '1.2.3', [name]: value };
    await expect(job.script('install', inputs)).rejects.toMatchObject({ code: 1 });
    for (const file of [job.GITHUB_PATH, job.GITHUB_OUTPUT]) {
      await expect(readFile(file, 'utf8')).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  it('writes no second output when the place of the tools has a line break', async () => {
    const job = await runner();
    const inputs = { RUNNER_TOOL_CACHE: `${job.dir}\nkey=evil`, INPUT_CACHE: 'true' };
    await expect(job.script('plan', inputs)).rejects.toMatchObject({ code: 1 });
    await expect(readFile(job.GITHUB_OUTPUT, 'utf8')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says what went wrong as one annotation, without the token', async () => {
    await using github = await startLoopbackGitHub();
    const job = await runner(github.env);
    const inputs = { INPUT_VERSION: '9.9.9', INPUT_TOKEN: 'ghs_canary' };
    const failure = await job.script('install', inputs).catch((error: unknown) => error);
    expect(failure).toMatchObject({ stdout: expect.stringMatching(/^::error::.+$/m) });
    expect(JSON.stringify(failure)).not.toContain('ghs_canary');
  });
});
