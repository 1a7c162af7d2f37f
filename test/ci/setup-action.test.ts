import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/compile.ts';
import { ACTION_FILE, compileAction } from '../../scripts/compile-action.ts';
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
    expect(stdout).toMatch(/::endgroup::\nCodex 1\.2\.3 was downloaded .*\n$/);
  });

  it.each([
    ['on a hosted machine', 'github-hosted', '', null, 'check_for_update_on_startup = false\n'],
    ['unless the job wants it', 'github-hosted', 'true', null, null],
    ['not on a machine of its own', 'self-hosted', '', null, null],
    ['not in a config.toml that is there', 'github-hosted', '', 'model = "x"\n', 'model = "x"\n'],
  ])('switches the check for updates off: %s', async (_where, machine, wanted, before, after) => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const job = await runner({ ...github.env, RUNNER_ENVIRONMENT: machine });
    const codexHome = join(job.dir, 'codex-home');
    const config = join(codexHome, 'config.toml');
    if (before !== null) {
      await mkdir(codexHome);
      await writeFile(config, before);
    }
    const inputs = { INPUT_VERSION: '1.2.3', INPUT_UPDATE_CHECK: wanted, CODEX_HOME: codexHome };
    await job.script('install', inputs);
    expect(await readFile(config, 'utf8').catch(() => null)).toBe(after);
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

  it('uses the lockfile that is named, for the cache and for the installation', async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3'), await miniatureRelease('1.2.4')],
    });
    const job = await runner(github.env);
    const around = { dir: job.GITHUB_WORKSPACE, env: github.env };
    await runCli(['pin', '1.2.3'], around);
    await mkdir(join(job.GITHUB_WORKSPACE, 'tools'));
    await runCli(['pin', '1.2.4', '--lockfile', 'tools/codex-runtime.lock.json'], around);
    const keyOf = async (inputs: Readonly<Record<string, string>>) => {
      await job.script('plan', { INPUT_CACHE: 'true', ...inputs });
      return (await job.outputs())['key'];
    };
    const named = { INPUT_LOCKFILE: 'tools' };
    expect(await keyOf(named)).not.toBe(await keyOf({}));
    expect(await keyOf({ INPUT_LOCKFILE: 'tools/codex-runtime.lock.json' })).toBe(
      await keyOf(named),
    );
    await job.script('install', named);
    expect(await job.outputs()).toMatchObject({ version: '1.2.4' });
    await expect(job.script('install', { INPUT_LOCKFILE: 'absent.json' })).rejects.toMatchObject({
      stdout: expect.stringMatching(/::error::The input "lockfile" names .*absent\.json/),
    });
  });

  it('looks for the lockfile where it is told, and hands on the other inputs', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const job = await runner(github.env);
    const sub = join(job.GITHUB_WORKSPACE, 'packages/app');
    await mkdir(sub, { recursive: true });
    const pinned = await runCli(['pin', '1.2.3'], { dir: job.dir, cwd: sub, env: github.env });
    expect(pinned.status).toBe(0);
    const inputs = { INPUT_WORKING_DIRECTORY: 'packages/app', INPUT_CACHE: 'true' };
    await job.script('plan', inputs);
    expect((await job.outputs())['key']).toMatch(/-[0-9a-f]{32}$/);
    const { stdout } = await job.script('install', { ...inputs, INPUT_PREFIX: 'tools' });
    expect(await job.outputs()).toMatchObject({ version: '1.2.3' });
    const executable = join(sub, 'tools/node_modules/codex-cli-bin/bin/codex');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      new RegExp(
        `^Codex 1\\.2\\.3 was downloaded \\(.*\\), verified and installed: ${executable}$`,
      ),
    );
    // One line even when everything was there.
    const again = await job.script('install', { ...inputs, INPUT_PREFIX: 'tools' });
    expect(again.stdout).toContain(`\nCodex 1.2.3 was already installed: ${executable}\n`);
  });

  it('keys the cache by repository and variant too', async () => {
    const job = await runner();
    const inputs = { INPUT_VERSION: '1.2.3', INPUT_REPO: 'Some/Fork', INPUT_VARIANT: 'binary' };
    await job.script('plan', { INPUT_CACHE: 'true', ...inputs });
    expect((await job.outputs())['key']).toMatch(/-1\.2\.3-some-fork-binary$/);
  });

  it('installs for Python and puts its command on PATH', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const job = await runner(github.env);
    await run('python3', ['-m', 'venv', join(job.GITHUB_WORKSPACE, '.venv')]);
    const inputs = { INPUT_VERSION: '1.2.3', INPUT_PYTHON: '.venv/bin/python' };
    await job.script('install', inputs);
    const onPath = (await readFile(job.GITHUB_PATH, 'utf8')).trimEnd();
    expect(onPath).toBe(join(job.GITHUB_WORKSPACE, '.venv/bin'));
    expect((await run(join(onPath, 'codex'), ['--version'])).stdout).toBe('codex-cli 1.2.3\n');
  });

  it.each([
    [{}, 'Set the input "version"'],
    [{ INPUT_VERSION: 'nonsense' }, 'The input "version" is "nonsense"'],
    [{ INPUT_SOURCE: 'nmp' }, 'the input "source"'],
    [{ INPUT_VARIANT: 'whole' }, 'The input "variant" is "whole". It takes auto, package, binary.'],
    [{ INPUT_VERIFY_SIGNATURE: 'yes' }, 'The input "verify-signature" is "yes"'],
    [{ INPUT_WORKING_DIRECTORY: 'gone' }, 'The input "working-directory" names'],
    [{ INPUT_REPO: 'a b' }, 'The input "repo" is "a b"'],
  ])('speaks of inputs where they are wrong: %j', async (inputs, words) => {
    await using github = await startLoopbackGitHub();
    const job = await runner(github.env);
    const failure = job.script('install', {
      INPUT_VERSION: words.startsWith('Set') ? '' : '1.2.3',
      ...inputs,
    });
    await expect(failure).rejects.toMatchObject({
      stdout: expect.stringContaining(words),
    });
    await failure.catch(({ stdout }) => expect(stdout).not.toMatch(/^::error::.* --[a-z]/m));
  });

  it('runs in a checkout without node_modules, with the program that lies beside it', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const checkout = await realpath(await tempDir());
    for (const name of ['.github', 'templates', 'package.json']) {
      await cp(join(ROOT, name), join(checkout, name), { recursive: true });
    }
    const job = await runner(github.env);
    const script = join(checkout, relative(ROOT, SCRIPT));
    const env = { ...job.env, INPUT_VERSION: '1.2.3' };
    const { stdout } = await run(process.execPath, [script, 'install'], { env });
    expect(stdout).toContain('Codex 1.2.3 was downloaded');
    const { path } = await job.outputs();
    expect((await run(path ?? '', ['--version'])).stdout).toBe('codex-cli 1.2.3\n');
  });

  it('has the program that the sources make (npx tsx scripts/bundle-action.ts)', async () => {
    const [committed, made] = await Promise.all([readFile(ACTION_FILE, 'utf8'), compileAction()]);
    expect(committed === made).toBe(true);
    // npm on the runner knows which registry is meant.
    expect(committed.match(/https?:\/\/registry\.(?!example\.)[\w.]+/g) ?? []).toEqual([]);
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
