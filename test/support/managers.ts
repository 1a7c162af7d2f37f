import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { exists } from '../../src/disk/exists.ts';

const run = promisify(execFile);
const arch = process.arch === 'arm64' ? 'arm64' : 'x64';

/** A package manager of npm's registry, in the version that the tests and the docs speak of. */
interface Manager {
  readonly package: string;
  readonly version: string;
  /** Below `node_modules`; a file that ends in `.js` is started by Node. */
  readonly program: string;
}

export const MANAGERS = {
  'npm 10': { package: 'npm', version: '10.9.9', program: 'npm/bin/npm-cli.js' },
  'npm 11': { package: 'npm', version: '11.21.2', program: 'npm/bin/npm-cli.js' },
  'npm 12': { package: 'npm', version: '12.2.2', program: 'npm/bin/npm-cli.js' },
  'pnpm 12': { package: 'pnpm', version: '12.21.0', program: 'pnpm/pnpm' },
  'yarn 1': { package: 'yarn', version: '1.22.22', program: 'yarn/bin/yarn.js' },
  'yarn 4': {
    package: '@yarnpkg/cli-dist',
    version: '4.18.1',
    program: '@yarnpkg/cli-dist/bin/yarn.js',
  },
  // The packages `bun` and `deno` hold a placeholder until a script of theirs has run.
  'bun 1.4': {
    package: `@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : arch}`,
    version: '1.4.5',
    program: `@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun`,
  },
  'deno 2.9': {
    package: `@deno/linux-${arch}-glibc`,
    version: '2.9.6',
    program: `@deno/linux-${arch}-glibc/deno`,
  },
} as const satisfies Record<string, Manager>;

export type ManagerName = keyof typeof MANAGERS;

/** The words that start a manager; it is installed by the first test that asks for it. */
export async function managerCommand(name: ManagerName): Promise<readonly string[]> {
  const { program, ...wanted } = MANAGERS[name];
  const path = join(await installed(wanted), 'node_modules', program);
  return path.endsWith('.js') ? [process.execPath, path] : [path];
}

/** The path of mise, which its own npm package brings without Node. */
export async function miseProgram(): Promise<string> {
  const name = `@jdxcode/mise-linux-${arch}`;
  const dir = await installed({ package: name, version: '2026.9.15' });
  return join(dir, 'node_modules', name, 'bin/mise');
}

async function installed(wanted: Pick<Manager, 'package' | 'version'>): Promise<string> {
  const managers = join(process.env['CODEX_RUNTIME_TEST_HOME'] ?? inject('runDir'), 'managers');
  const spec = `${wanted.package}@${wanted.version}`;
  const dir = join(managers, spec.replaceAll('/', '-'));
  if (await exists(dir)) return dir;
  await mkdir(managers, { recursive: true });
  const staged = await mkdtemp(join(managers, '.staged-'));
  await writeFile(join(staged, 'package.json'), '{"private":true}');
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-save'];
  await run('npm', ['install', spec, ...flags], { cwd: staged });
  try {
    await rename(staged, dir);
  } catch (error) {
    // Another test file was faster.
    await rm(staged, { recursive: true });
    if (!(await exists(dir))) throw error;
  }
  return dir;
}
