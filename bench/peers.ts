/** The programs that we are held against, in the versions of versions.json: all from npm. */
import { execFile } from 'node:child_process';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { BENCH_DIR } from './inputs.ts';

const run = promisify(execFile);

interface Versions {
  /** Of the comparisons with package managers, which need a package with its platform builds. */
  readonly codex: string;
  readonly npm: string;
  readonly pnpm: string;
  readonly bun: string;
  /** By major version. */
  readonly node: Readonly<Record<string, string>>;
}

export const VERSIONS = JSON.parse(
  await readFile(new URL('./versions.json', import.meta.url), 'utf8'),
) as Versions;

/** A Node of another major version than the running one may have. */
export interface NodeVersion {
  readonly major: string;
  readonly file: string;
}

/** Installs what is not there yet, once for all runs. */
export async function findNodes(majors: readonly string[]): Promise<readonly NodeVersion[]> {
  const nodes: NodeVersion[] = [];
  for (const major of majors) {
    const version = VERSIONS.node[major];
    if (version === undefined) throw new Error(`versions.json has no Node ${major}`);
    const name = `node-${process.platform}-${process.arch}`;
    const dir = await installed(name, version);
    nodes.push({ major, file: join(dir, 'node_modules', name, 'bin/node') });
  }
  return nodes;
}

/** What starts each manager, as the beginning of a shell command. */
export interface Managers {
  readonly npm: string;
  readonly pnpm: string;
  readonly bun: string;
}

export async function findManagers(): Promise<Managers> {
  const bun = await installed('bun', VERSIONS.bun);
  const pnpm = await installed('pnpm', VERSIONS.pnpm);
  const npm = await installed('npm', VERSIONS.npm);
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch;
  return {
    npm: `'${process.execPath}' '${npm}/node_modules/npm/bin/npm-cli.js'`,
    pnpm: `'${pnpm}/node_modules/.bin/pnpm'`,
    // Its own package holds a placeholder until its script has run.
    bun: `'${bun}/node_modules/@oven/bun-${process.platform}-${arch}/bin/bun'`,
  };
}

async function installed(name: string, version: string): Promise<string> {
  const dir = join(BENCH_DIR, 'peers', `${name}-${version}`);
  if (await isThere(join(dir, 'done'))) return dir;
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), '{"private":true}');
  // Their scripts only put files into place that are here already.
  const flags = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts'];
  await run('npm', ['install', `${name}@${version}`, ...flags], { cwd: dir, timeout: 170_000 });
  await writeFile(join(dir, 'done'), '');
  return dir;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
