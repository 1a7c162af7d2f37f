import { cp, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { parseDescription, verifyFiles } from '../../src/store/index.ts';
import type { LoopbackGitHub } from '../support/loopback-github.ts';
import { type CrashOptions, NAMING } from './crash.ts';
import { type Figures, inParallel, sample } from './experiment.ts';
import { MUTATING_CALLS, type MutationPoint, mutationPoints } from './mutation-points.ts';
import { makeSite, NEW, runCommand, runProgram, type Site, startReleases } from './site.ts';
import { traceCommand } from './traced-command.ts';

/**
 * Kills an installation into a directory of Python packages, and an upgrade there, at our mutating
 * system calls: afterwards Python finds the old package or the new one, whole, or none where none
 * was, and the next run mends everything. What pip writes is in a directory that nobody sees yet;
 * of its calls a sample is taken.
 * @param options.from the versions that are there before; null for none
 */
export async function killPythonInstalls(
  options: CrashOptions & { readonly from: readonly (string | null)[] },
): Promise<Figures> {
  await using github = await startReleases();
  const failures: string[] = [];
  const figures = { points: 0, killed: 0, oldState: 0, newState: 0 };
  for (const before of options.from) {
    await using origin = await original(github, before);
    const all = await findPoints(origin);
    const naming = all.filter(({ call, path }) => NAMING.test(call) && !isOfPip(path));
    const others = all.filter((point) => !naming.includes(point));
    const chosen = [...naming, ...sample(others, options.points, options.random)];
    figures.points += chosen.length;
    await inParallel(options.jobs, chosen, async (point) => {
      await using site = await copyOf(origin);
      try {
        const run = await traceCommand(site, words(site, NEW), {
          trace: point.call,
          fault: { at: point, what: 'signal=KILL' },
        });
        if (run.signal === 'SIGKILL') figures.killed += 1;
        const version = await versionIn(site.prefix);
        if (version !== before && version !== NEW) throw new Error(`it holds ${version}`);
        figures[version === NEW ? 'newState' : 'oldState'] += 1;
        await checkHealing(site);
      } catch (error) {
        failures.push(`${before ?? 'fresh'} ${point.text}: ${error}`);
      }
    });
  }
  return { figures, failures };
}

function words({ prefix }: Pick<Site, 'prefix'>, version: string): string[] {
  const into = ['--ecosystem', 'python', '--prefix', prefix];
  return ['install', version, ...into, '--source', 'github', '--json'];
}

async function original(github: LoopbackGitHub, before: string | null): Promise<Site> {
  const site = await makeSite(github);
  for (const version of before === null ? [] : [before]) {
    const { status, stdout } = await runCommand(site, words(site, version));
    if (status !== 0) throw new Error(`the first installation failed: ${stdout}`);
  }
  // The store has both: what a kill does to it is shown elsewhere.
  const { status } = await runCommand(site, ['which', NEW, '--source', 'github']);
  if (status !== 0) throw new Error('the store was not filled');
  return site;
}

/** Its links are relative, so a copy of a site is as good as the site. */
async function copyOf(origin: Site): Promise<Site> {
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

async function findPoints(origin: Site): Promise<readonly MutationPoint[]> {
  await using site = await copyOf(origin);
  const { status, stderr, trace, pid } = await traceCommand(site, words(site, NEW), {
    trace: MUTATING_CALLS.join(','),
  });
  if (status !== 0) throw new Error(`the undisturbed run failed: ${stderr}`);
  const points = mutationPoints(trace, { root: site.root, pid });
  return points.filter(({ path }) => path.startsWith('{root}/prefix'));
}

/** Inside a build, which nothing leads to yet. */
function isOfPip(path: string): boolean {
  return /\/\.codex_cli_bin\/[0-9a-f-]{36}\//.test(path);
}

/** The version that Python and the command show, with every byte hashed; null for none. */
async function versionIn(prefix: string): Promise<string | null> {
  const asked = await runProgram('python3', ['-B', '-c', ASK, prefix], PATH);
  if (asked.stdout === 'none\n') return null;
  const { version, dir } = JSON.parse(asked.stdout);
  const runtime = parseDescription(await readFile(join(dir, 'runtime.json'), 'utf8'));
  if (runtime === undefined || runtime.version !== version) {
    throw new Error(`metadata ${version}, in it ${runtime?.version}`);
  }
  const damages = await verifyFiles(dir, runtime.files);
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

async function checkHealing(site: Site): Promise<void> {
  const next = await runCommand(site, words(site, NEW));
  if (next.status !== 0) throw new Error(`the next run: ${next.status} ${next.stdout}`);
  const version = await versionIn(site.prefix);
  if (version !== NEW) throw new Error(`the next run left ${version}`);
  const names = (await readdir(site.prefix)).sort();
  const expected = ['.codex_cli_bin', 'bin', 'codex_cli_bin', `codex_cli_bin-${NEW}.dist-info`];
  const builds = await readdir(join(site.prefix, '.codex_cli_bin'));
  if (names.join(sep) !== expected.join(sep) || builds.length !== 2) {
    throw new Error(`left after the next run: ${names} ${builds}`);
  }
}
