import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { installRuntime } from '../../../src/operations/install-runtime.ts';
import { listInstalled } from '../../../src/operations/list-installed.ts';
import { healthyPatient } from '../../support/patient.ts';
import { storedRuntime } from '../../support/stored-runtime.ts';

const run = promisify(execFile);
const MANAGERS = { pnpm: '12.21.0', yarn: '1.22.22', '@yarnpkg/cli-dist': '4.18.1' };
const PROGRAMS = {
  pnpm: ['pnpm/pnpm'],
  yarn: [process.execPath, 'yarn/bin/yarn.js'],
  berry: [process.execPath, '@yarnpkg/cli-dist/bin/yarn.js'],
} as const;

let managers = '';

beforeAll(async () => {
  managers = join(inject('runDir'), 'managers');
  await mkdir(managers, { recursive: true });
  await writeFile(join(managers, 'package.json'), '{"private":true}');
  const specs = Object.entries(MANAGERS).map(([name, version]) => `${name}@${version}`);
  await run('npm', ['install', ...specs, '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: managers,
  });
});

/** A project that a manager has worked in once, with a runtime that it does not know. */
async function project(manager: keyof typeof PROGRAMS) {
  const { options } = await healthyPatient();
  const { prefix } = options;
  await storedRuntime(options.home);
  await mkdir(prefix);
  await writeFile(join(prefix, 'package.json'), '{"name":"mine","private":true}');
  const registry = (await run('npm', ['config', 'get', 'registry'])).stdout.trim();
  await writeFile(join(prefix, '.npmrc'), `registry=${registry}\n`);
  await writeFile(
    join(prefix, '.yarnrc.yml'),
    `nodeLinker: node-modules\nenableTelemetry: false\nenableGlobalCache: false\nnpmRegistryServer: "${registry}"\n`,
  );
  const [first, second] = PROGRAMS[manager];
  const modules = join(managers, 'node_modules');
  const [file, script] =
    second === undefined ? [join(modules, first)] : [first, join(modules, second)];
  const manage = async (...words: string[]) => {
    await run(file, [...(script === undefined ? [] : [script]), ...words], {
      cwd: prefix,
      env: { ...process.env, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false', CI: '' },
    });
  };
  await manage('add', 'is-odd@3.0.1');
  let told: string | null = null;
  const install = async () => {
    await installRuntime({
      ...options,
      onProgress: (event) => {
        if (event.type === 'installed') told = event.removedBy;
      },
    });
    return told;
  };
  const state = async () => (await listInstalled(options)).prefixes[0]?.state;
  const addScripts = async (scripts: Record<string, string>) => {
    const path = join(prefix, 'package.json');
    const content = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...content, scripts }));
  };
  /** Whether a file was there. */
  const takeAway = (name: string) =>
    rm(join(prefix, name)).then(
      () => true,
      () => false,
    );
  return { manage, install, state, script: addScripts, takeAway };
}

/** What is said of each manager: if one of these changes, the words in cli/progress.ts do too. */
describe('in a project of', () => {
  it('pnpm the command goes with add and remove, and comes back with an installation', async () => {
    const { manage, install, state } = await project('pnpm');
    expect(await install()).toBe('pnpm');
    expect(await state()).toBe('healthy');
    for (const words of [
      ['add', 'is-even@1.0.0'],
      ['remove', 'is-even'],
    ]) {
      await manage(...words);
      expect(await state()).toBe('damaged');
      await install();
      expect(await state()).toBe('healthy');
    }
    await manage('install');
    expect(await state()).toBe('healthy');
  });

  it('yarn 1 all goes with add and remove, and a postinstall script is run by all but remove', async () => {
    const { manage, install, state, script, takeAway } = await project('yarn');
    expect(await install()).toBe('yarn');
    for (const words of [
      ['add', 'is-even@1.0.0'],
      ['remove', 'is-even'],
    ]) {
      await manage(...words);
      expect(await state()).toBe('missing');
      await install();
      expect(await state()).toBe('healthy');
    }
    await script({ postinstall: 'touch ran' });
    for (const [words, runs] of [
      [['add', 'is-even@1.0.0'], true],
      [['remove', 'is-even'], false],
      [['install'], true],
    ] as const) {
      await manage(...words);
      expect(await takeAway('ran')).toBe(runs);
    }
  });

  it('yarn 4 with node_modules it stays', async () => {
    const { manage, install, state } = await project('berry');
    expect(await install()).toBe(null);
    for (const words of [['add', 'is-even@1.0.0'], ['remove', 'is-even'], ['install']]) {
      await manage(...words);
      expect(await state()).toBe('healthy');
    }
  });
});

it('nothing is advised where a script of package.json follows the advice', async () => {
  const { install, script } = await project('yarn');
  await script({ postinstall: 'npx codex-runtime install --quiet' });
  expect(await install()).toBe(null);
});
