import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { printedVersion } from '../../../src/child/codex-version.ts';
import { runGh } from '../../../src/fetch/gh/index.ts';
import { npmCommand, runNpm } from '../../../src/fetch/npm/run-npm.ts';
import { pythonNames } from '../../../src/package/stage/index.ts';
import { installedPythonRuntime } from '../../../src/place/index.ts';
import { failure } from '../../support/failure.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Who may publish, as GitHub Actions, GitLab and CircleCI tell it. */
const IDENTITY = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://runner.example/identity',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner',
  NPM_ID_TOKEN: 'jwt',
  SIGSTORE_ID_TOKEN: 'jwt',
};
const WHERE = {
  GITHUB_ACTIONS: 'true',
  GITHUB_WORKFLOW_REF: 'example/codex/.github/workflows/release.yml@main',
  RUNNER_ENVIRONMENT: 'github-hosted',
  GITLAB_CI: 'true',
  GITLAB_USER_LOGIN: 'somebody',
  CI_PROJECT_URL: 'https://gitlab.example/somebody/codex',
  CIRCLECI: 'true',
};
const OTHERS = {
  GITHUB_TOKEN: 'other',
  GITLAB_TOKEN: 'other',
  CI_JOB_TOKEN: 'other',
  CI_REGISTRY_PASSWORD: 'other',
  CI_DEPLOY_PASSWORD: 'other',
  AWS_SECRET_ACCESS_KEY: 'other',
};

/** A directory whose programs write down the environment that they are started with. */
async function spies() {
  const dir = await tempDir();
  for (const name of ['npm', 'gh', 'python3', 'codex']) {
    const path = join(dir, name);
    await writeFile(path, `#!/bin/sh\nenv > '${dir}/${name}.env'\n`);
    await chmod(path, 0o755);
  }
  const env = { ...IDENTITY, ...WHERE, ...OTHERS, PATH: `${dir}:/usr/bin:/bin`, HOME: dir };
  const seen = async (name: string) => {
    const lines = (await readFile(join(dir, `${name}.env`), 'utf8')).split('\n');
    return lines.map((line) => line.split('=')[0] ?? '');
  };
  return { dir, env, seen };
}

describe('the identity of a CI', () => {
  it("reaches npm with what it is used for, and none of the CI's other credentials does", async () => {
    const { dir, env, seen } = await spies();
    await runNpm(['publish'], { settings: { env, cwd: dir } });
    const names = await seen('npm');
    expect(names).toEqual(
      expect.arrayContaining([...Object.keys(IDENTITY), ...Object.keys(WHERE)]),
    );
    expect(names.filter((name) => name in OTHERS)).toEqual([]);
  });

  it('reaches none of the other programs that we start', async () => {
    const { dir, env, seen } = await spies();
    await runGh(['release', 'view'], { env });
    const names = pythonNames('codex-cli-bin');
    await installedPythonRuntime({ python: 'python3', prefix: null, names, env });
    await printedVersion(join(dir, 'codex'));
    for (const program of ['gh', 'python3', 'codex']) {
      expect((await seen(program)).filter((name) => name in IDENTITY)).toEqual([]);
    }
  });
});

describe('npm', () => {
  const settings = async (more: Readonly<Record<string, string>>) => {
    const { dir, env, seen } = await spies();
    return { dir, seen, settings: { env: { ...env, ...more }, cwd: dir } };
  };

  it('that is not there is said to be missing', async () => {
    const { dir, settings: found } = await settings({});
    const env = { ...found.env, PATH: join(dir, 'none') };
    const error = await failure(runNpm(['publish'], { settings: { env, cwd: dir } }));
    expect(error.code).toBe('PUBLISH_FAILED');
  });

  it('is a script on Windows, beside Node or beside its npm.cmd on PATH', async () => {
    const dir = await tempDir();
    const surroundings = { platform: 'win32', execPath: join(dir, 'node/node.exe') } as const;
    const env = { Path: [join(dir, 'empty'), join(dir, 'roaming')].join(delimiter) };
    expect(() => npmCommand(env, surroundings)).toThrow(
      expect.objectContaining({ code: 'PUBLISH_FAILED' }),
    );
    for (const place of ['roaming', 'node']) {
      const script = join(dir, place, 'node_modules/npm/bin/npm-cli.js');
      await mkdir(dirname(script), { recursive: true });
      await writeFile(script, '');
      expect(npmCommand(env, surroundings)).toEqual([surroundings.execPath, [script]]);
    }
  });

  it('is not started after an abort', async () => {
    const run = { ...(await settings({})), signal: AbortSignal.abort() };
    expect((await failure(runNpm(['publish'], run))).code).toBe('ABORTED');
    await expect(run.seen('npm')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['npm-cli.js', true],
    ['pnpm.cjs', false],
  ])('that runs us as %s is the one that we run: %s', async (name, same) => {
    const dir = await tempDir();
    const own = join(dir, name);
    await writeFile(own, "require('node:fs').writeFileSync(__filename + '.ran', '');");
    const run = await settings({ npm_execpath: own });
    await runNpm(['publish'], run);
    expect(existsSync(`${own}.ran`)).toBe(same);
    expect(existsSync(join(run.dir, 'npm.env'))).toBe(!same);
  });
});

it.each([
  ['the project', 'project/.npmrc', {}],
  ['the user', '.npmrc', {}],
  ['the variables', 'elsewhere', { npm_config_userconfig: 'elsewhere' }],
  ['their upper case', 'elsewhere', { NPM_CONFIG_USERCONFIG: 'elsewhere' }],
])('npm gets a credential that the .npmrc of %s names, whatever it is called', async (...given) => {
  const [, file, variables] = given;
  const { dir, env, seen } = await spies();
  await mkdir(join(dir, 'project'));
  await writeFile(join(dir, file), '//gitlab.example/:_authToken=\x24{CI_JOB_TOKEN}\n');
  const more = Object.entries(variables).map(([name, value]) => [name, join(dir, value)]);
  const settings = { env: { ...env, ...Object.fromEntries(more) }, cwd: join(dir, 'project') };
  await runNpm(['publish'], { settings });
  const names = await seen('npm');
  expect(names).toContain('CI_JOB_TOKEN');
  expect(names).not.toContain('GITLAB_TOKEN');
});
