import { cp, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDamages, parseDescription } from '../../src/store/index.ts';
import type { LoopbackGitHub } from '../support/loopback-github.ts';
import { MUTATING_CALLS, type MutationPoint, mutationPoints } from './mutation-points.ts';
import { makeSite, NEW, runCommand, runProgram, type Site } from './site.ts';
import { traceCommand } from './traced-command.ts';

/** The words for an installation into the site's directory of Python packages. */
export function pythonInstall({ prefix }: Pick<Site, 'prefix'>, version: string): string[] {
  const into = ['--ecosystem', 'python', '--prefix', prefix];
  return ['install', version, ...into, '--source', 'github', '--json'];
}

export function pythonUninstall({ prefix }: Pick<Site, 'prefix'>): string[] {
  return ['uninstall', '--ecosystem', 'python', '--prefix', prefix, '--json'];
}

/** A site whose directory holds `before`, or nothing, and whose store has both versions. */
export async function pythonSite(github: LoopbackGitHub, before: string | null): Promise<Site> {
  const site = await makeSite(github);
  for (const version of before === null ? [] : [before]) {
    const { status, stdout } = await runCommand(site, pythonInstall(site, version));
    if (status !== 0) throw new Error(`the first installation failed: ${stdout}`);
  }
  // The store has both: what a kill does to it is shown elsewhere.
  const { status } = await runCommand(site, ['which', NEW, '--source', 'github']);
  if (status !== 0) throw new Error('the store was not filled');
  return site;
}

/** Its links are relative, so a copy of a site is as good as the site. */
export async function copyOf(origin: Site): Promise<Site> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'codex-torture-')));
  const home = join(root, 'home');
  const to = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true };
  await cp(origin.root, root, to);
  return {
    root,
    home,
    prefix: join(root, 'prefix'),
    env: { ...origin.env, HOME: root, CODEX_RUNTIME_HOME: home },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** The mutating calls in the directory by a command that runs to its end there. */
export async function pythonPoints(
  origin: Site,
  words: (site: Site) => readonly string[],
): Promise<readonly MutationPoint[]> {
  await using site = await copyOf(origin);
  const { status, stderr, trace, pid } = await traceCommand(site, words(site), {
    trace: MUTATING_CALLS.join(','),
  });
  if (status !== 0) throw new Error(`the undisturbed run failed: ${stderr}`);
  const points = mutationPoints(trace, { root: site.root, pid });
  return points.filter(({ path }) => path.startsWith('{root}/prefix'));
}

/** The version that Python and the command show, with every byte hashed; null for none. */
export async function versionIn(prefix: string): Promise<string | null> {
  const asked = await runProgram('python3', ['-B', '-c', ASK, prefix], PATH);
  if (asked.stdout === 'none\n') return null;
  const { version, dir } = JSON.parse(asked.stdout);
  const runtime = parseDescription(await readFile(join(dir, 'runtime.json'), 'utf8'));
  if (runtime === undefined || runtime.version !== version) {
    throw new Error(`metadata ${version}, in it ${runtime?.version}`);
  }
  const damages = await findDamages(dir, runtime.files);
  if (damages.length > 0) throw new Error(JSON.stringify(damages));
  const command = await runProgram(join(prefix, 'bin/codex'), ['--version'], PATH);
  if (command.stdout !== `codex-cli ${version}\n`) throw new Error(`codex says ${command.stdout}`);
  return version;
}

const PATH = { PATH: process.env['PATH'] ?? '' };

const ASK = `
import sys
sys.path.insert(0, sys.argv[1])
try:
    import codex_cli_bin
except ModuleNotFoundError:
    print("none")
    sys.exit()
import importlib.metadata, json
version = importlib.metadata.version("codex-cli-bin")
print(json.dumps({"version": version, "dir": str(codex_cli_bin.bundled_package_dir())}))
`;
