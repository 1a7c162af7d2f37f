import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type CrashOptions, NAMING } from './crash.ts';
import { type Figures, inParallel, sample } from './experiment.ts';
import {
  copyOf,
  pythonInstall,
  pythonPoints,
  pythonSite,
  pythonUninstall,
  versionIn,
} from './python-site.ts';
import { NEW, OLD, runCommand, type Site, startReleases } from './site.ts';
import { traceCommand } from './traced-command.ts';

/**
 * Kills an installation into a directory of Python packages, and an upgrade there, at our mutating
 * system calls: afterwards Python finds the old package or the new one, whole, or none where none
 * was, and the next run mends everything. What pip writes is in a directory that nobody sees yet;
 * of its calls a sample is taken.
 */
export async function killPythonInstalls(options: CrashOptions): Promise<Figures> {
  await using github = await startReleases();
  const failures: string[] = [];
  const figures = { points: 0, killed: 0, oldState: 0, newState: 0 };
  for (const before of options.from) {
    await using origin = await pythonSite(github, before);
    const all = await pythonPoints(origin, (site) => pythonInstall(site, NEW));
    const naming = all.filter(({ call, path }) => NAMING.test(call) && !isOfPip(path));
    const others = all.filter((point) => !naming.includes(point));
    // The first step and the last one after the package has changed.
    const after = all.slice(all.findLastIndex((point) => naming.includes(point)) + 1);
    const late = new Set([...after.slice(0, 1), ...after.slice(-1)]);
    const early = others.filter((point) => !late.has(point));
    const chosen = [...naming, ...late, ...sample(early, options.points, options.random)];
    figures.points += chosen.length;
    await inParallel(options.jobs, chosen, async (point) => {
      await using site = await copyOf(origin);
      try {
        const run = await traceCommand(site, pythonInstall(site, NEW), {
          trace: point.call,
          fault: { at: point, what: 'signal=KILL' },
          // Before a late one or one of our names pip has ended.
          children: early.includes(point),
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

/** Inside a build, which nothing leads to yet. */
function isOfPip(path: string): boolean {
  return /\/\.codex_cli_bin\/[0-9a-f-]{36}\//.test(path);
}

async function checkHealing(site: Site): Promise<void> {
  const next = await runCommand(site, pythonInstall(site, NEW));
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

/**
 * Kills a removal from a directory of Python packages at its mutating system calls: afterwards the
 * package is there, whole, or none is, and the next removal leaves nothing of it.
 */
export async function killPythonUninstalls({
  points,
  random,
  jobs,
}: Omit<CrashOptions, 'from'>): Promise<Figures> {
  await using github = await startReleases();
  const failures: string[] = [];
  await using origin = await pythonSite(github, OLD);
  const all = await pythonPoints(origin, pythonUninstall);
  const naming = all.filter(({ call }) => NAMING.test(call));
  const others = all.filter(({ call }) => !NAMING.test(call));
  const chosen = [...naming, ...sample(others, points, random)];
  const figures = { points: chosen.length, killed: 0, whole: 0, gone: 0 };
  await inParallel(jobs, chosen, async (point) => {
    await using site = await copyOf(origin);
    try {
      const run = await traceCommand(site, pythonUninstall(site), {
        trace: point.call,
        fault: { at: point, what: 'signal=KILL' },
      });
      if (run.signal === 'SIGKILL') figures.killed += 1;
      figures[(await versionIn(site.prefix)) === OLD ? 'whole' : 'gone'] += 1;
      const { status, stdout } = await runCommand(site, pythonUninstall(site));
      if (status !== 0 && !stdout.includes('RELEASE_NOT_FOUND')) throw new Error(stdout);
      const left = (await readdir(site.prefix, { recursive: true })).join(' ');
      // Whose the directory of commands is, a run that was killed cannot say any more.
      if (left !== '' && left !== 'bin') throw new Error(`the next run left ${left}`);
    } catch (error) {
      failures.push(`${point.text}: ${error}`);
    }
  });
  return { figures, failures };
}
