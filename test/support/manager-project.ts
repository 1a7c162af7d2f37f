import { execFile } from 'node:child_process';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { exists } from '../../src/disk/exists.ts';
import { type ManagerName, managerCommand } from './managers.ts';
import { tempDir } from './temp-dir.ts';

const run = promisify(execFile);

/** What an organisation asks of its managers. */
export interface ManagerPolicy {
  /** Packages have to be this old; undefined leaves each manager its own default. */
  readonly minDays?: number;
  /** Names that may be younger; a `*` stands for anything. */
  readonly exempt?: readonly string[];
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ManagerProject {
  readonly dir: string;
  readonly run: (...words: readonly string[]) => Promise<Outcome>;
  /** Adds packages as a user does. */
  readonly add: (...specs: readonly string[]) => Promise<Outcome>;
  /** Installs what `package.json` and the lockfile say. */
  readonly install: () => Promise<Outcome>;
  /** What a continuous integration runs: the lockfile alone decides. */
  readonly frozen: () => Promise<Outcome>;
  /** Runs a command of an installed package through the manager, as `npx --no` does. */
  readonly exec: (...words: readonly string[]) => Promise<Outcome>;
  /** Whether `node_modules` has a package of that name, as Node finds it from `from`. */
  readonly has: (name: string, from?: string) => Promise<boolean>;
}

type Words = readonly string[];

/** The same thing in the words of each manager. */
const WORDS: Readonly<Record<string, { add: Words; install: Words; frozen: Words; exec: Words }>> =
  {
    npm: { add: ['install'], install: ['install'], frozen: ['ci'], exec: ['exec', '--no', '--'] },
    pnpm: {
      add: ['add'],
      install: ['install'],
      frozen: ['install', '--frozen-lockfile'],
      exec: ['exec'],
    },
    'yarn 1': {
      add: ['add'],
      install: ['install'],
      frozen: ['install', '--frozen-lockfile'],
      exec: ['run', '--silent'],
    },
    'yarn 4': {
      add: ['add'],
      install: ['install'],
      frozen: ['install', '--immutable'],
      exec: ['exec'],
    },
    bun: {
      add: ['add'],
      install: ['install'],
      frozen: ['install', '--frozen-lockfile'],
      exec: ['x', '--no-install'],
    },
    deno: { add: ['add'], install: ['install'], frozen: ['ci'], exec: ['task', '--eval'] },
  };

/** An empty project that its manager takes from `registry`, with install scripts off. */
export async function managerProject(
  manager: ManagerName,
  registry: string,
  policy: ManagerPolicy = {},
): Promise<ManagerProject> {
  const home = await realpath(await tempDir());
  const dir = join(home, 'project');
  await mkdir(dir);
  for (const [name, content] of Object.entries(configuration(manager, registry, policy))) {
    await writeFile(join(dir, name), content);
  }
  const words = WORDS[manager] ?? WORDS[manager.replace(/ .*/, '')];
  if (words === undefined) throw new Error(`Nothing is known of ${manager}.`);
  const [file = '', ...first] = await managerCommand(manager);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    npm_config_cache: join(home, 'npm-cache'),
    npm_config_userconfig: join(home, '.npmrc'),
    NPM_CONFIG_REGISTRY: registry,
    BUN_INSTALL_CACHE_DIR: join(home, 'bun-cache'),
    DENO_DIR: join(home, 'deno'),
    DENO_NO_UPDATE_CHECK: '1',
    NO_COLOR: '1',
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_CACHE_FOLDER: join(home, 'yarn-cache'),
    pnpm_config_store_dir: join(home, 'pnpm-store'),
  };
  const start = async (...args: Words): Promise<Outcome> => {
    const options = { cwd: dir, env, timeout: 60_000 };
    return run(file, [...first, ...args], options).then(
      ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
      ({ code, stdout, stderr }) => ({ status: Number(code), stdout, stderr }),
    );
  };
  const prefixed = manager.startsWith('deno') ? 'npm:' : '';
  return {
    dir,
    run: start,
    add: (...specs) => start(...words.add, ...specs.map((spec) => `${prefixed}${spec}`)),
    install: () => start(...words.install),
    frozen: () => start(...words.frozen),
    exec: (...command) => start(...words.exec, ...command),
    async has(name, from) {
      if (await exists(join(dir, 'node_modules', name))) return true;
      if (from === undefined) return false;
      const real = await realpath(join(dir, 'node_modules', from)).catch(() => undefined);
      return real !== undefined && (await exists(join(real, '..', name)));
    },
  };
}

/** The files that say all of it, in the manager's own words. */
function configuration(
  manager: ManagerName,
  registry: string,
  { minDays, exempt = [] }: ManagerPolicy,
): Readonly<Record<string, string>> {
  const list = JSON.stringify(exempt);
  const some = exempt.length > 0;
  const lines = (...all: readonly (string | false)[]) =>
    `${all.filter((line) => line !== false).join('\n')}\n`;
  const age = (setting: (days: number) => string) => minDays !== undefined && setting(minDays);
  const npmrc = lines(
    `registry=${registry}`,
    'ignore-scripts=true',
    'audit=false',
    'fund=false',
    'update-notifier=false',
    'fetch-retries=0',
    age((days) => `min-release-age=${days}`),
    ...exempt.map((name) => `min-release-age-exclude[]=${name}`),
  );
  const packageJson = { 'package.json': '{"name":"mine","version":"1.0.0","private":true}' };
  switch (manager) {
    case 'npm 10':
    case 'npm 11':
    case 'npm 12':
      return { ...packageJson, '.npmrc': npmrc };
    case 'pnpm 12': {
      const workspace = lines(
        'packages: ["."]',
        'ignoreScripts: true',
        age((days) => `minimumReleaseAge: ${days * 1440}`),
        some && `minimumReleaseAgeExclude: ${list}`,
      );
      return {
        ...packageJson,
        '.npmrc': `registry=${registry}\n`,
        'pnpm-workspace.yaml': workspace,
      };
    }
    case 'yarn 1':
      return { ...packageJson, '.yarnrc': `registry "${registry}"\nignore-scripts true\n` };
    case 'yarn 4': {
      const settings = lines(
        'nodeLinker: node-modules',
        'enableScripts: false',
        'enableGlobalCache: false',
        'unsafeHttpWhitelist: ["127.0.0.1"]',
        `npmRegistryServer: "${registry}"`,
        age((days) => `npmMinimalAgeGate: "${days}d"`),
        some && `npmPreapprovedPackages: ${list}`,
      );
      return { ...packageJson, '.yarnrc.yml': settings };
    }
    case 'bun 1.4': {
      const settings = lines(
        '[install]',
        `registry = "${registry}"`,
        'ignoreScripts = true',
        age((days) => `minimumReleaseAge = ${days * 86_400}`),
        some && `minimumReleaseAgeExcludes = ${list}`,
      );
      return { ...packageJson, 'bunfig.toml': settings };
    }
    case 'deno 2.9': {
      const minimumDependencyAge = {
        age: `P${minDays ?? 1}D`,
        exclude: exempt.map((name) => `npm:${name}`),
      };
      const asked = minDays !== undefined || some;
      const settings = { nodeModulesDir: 'auto', ...(asked && { minimumDependencyAge }) };
      return { ...packageJson, 'deno.json': JSON.stringify(settings) };
    }
  }
}
