/** What a new user and a CI job pay: the tool has to come before it brings anything. */
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BENCH_DIR, ROOT } from './inputs.ts';
import { INSTALL, shell } from './install.ts';
import { compareCommands, type Side } from './measure.ts';
import { findManagers, type Managers, VERSIONS } from './peers.ts';
import { type BenchRow, compare, fact } from './row.ts';

const SCRATCH = join(BENCH_DIR, 'nothing');

type Manager = keyof Managers;

/** "From nothing" against npm first, then with the same manager on both sides; and what comes. */
export async function fromNothingRows(runs: number): Promise<readonly BenchRow[]> {
  await mkdir(SCRATCH, { recursive: true });
  const packed = await pack();
  const managers = await findManagers();
  const rows = [
    await against(managers, { by: 'npm', goal: 0.4, runs, packed }),
    await limit(managers, { runs, packed }),
    await against(managers, { by: 'bun', goal: 1.2, runs, packed }),
    await against(managers, { by: 'pnpm', goal: 0.9, runs, packed }),
    fact({ work: 'packages that installing the tool brings', ours: 1, unit: '', goal: 1 }),
    fact({ work: 'the tool, packed', ours: packed.size / 1e6, unit: 'MB', goal: 1.4 }),
    fact({ work: 'the tool, unpacked', ours: packed.unpackedSize / 1e6, unit: 'MB', goal: 7 }),
  ];
  await rm(SCRATCH, { recursive: true, force: true });
  return rows;
}

interface Packed {
  readonly path: string;
  readonly size: number;
  readonly unpackedSize: number;
}

async function pack(): Promise<Packed> {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', SCRATCH];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT });
  const document = JSON.parse(stdout);
  // npm 12 names each package; older ones list them.
  const [{ filename, size, unpackedSize }] = Object.values(document) as [
    { filename: string; size: number; unpackedSize: number },
  ];
  return { path: join(SCRATCH, filename), size, unpackedSize };
}

interface Comparison {
  readonly by: Manager;
  readonly goal: number;
  readonly runs: number;
  readonly packed: Packed;
}

async function against(
  managers: Managers,
  { by, goal, runs, packed }: Comparison,
): Promise<BenchRow> {
  const install = (what: string) => INSTALL[by](managers[by], what);
  const start = 'node_modules/.bin/codex --version';
  const ours = `${install(packed.path)} && CODEX_RUNTIME_HOME="$PWD/home" node_modules/.bin/codex-runtime install ${VERSIONS.codex} --prefix . --source npm && ${start}`;
  const theirs = `${install(`@openai/codex@${VERSIONS.codex}`)} && ${start}`;
  const measured = await compareCommands(SCRATCH, Math.min(runs, 3), {
    ours: inProject(ours),
    theirs: inProject(theirs),
  });
  return compare({
    work:
      by === 'npm'
        ? `from nothing: the tool, Codex ${VERSIONS.codex}, codex --version`
        : `from nothing, the tool brought by ${by} ${VERSIONS[by]}`,
    against: `${by} ${by === 'npm' ? 'install' : 'add'} @openai/codex`,
    goal,
    ...measured,
  });
}

const BARE = fileURLToPath(new URL('./bare-install.mjs', import.meta.url));

/** How near a program of Node can come: the tool is brought, and a bare script does its work. */
async function limit(
  managers: Managers,
  { runs, packed }: Pick<Comparison, 'runs' | 'packed'>,
): Promise<BenchRow> {
  const build = `@openai/codex@${VERSIONS.codex}-${process.platform}-${process.arch}`;
  const { stdout } = await promisify(execFile)('npm', ['view', build, 'dist.tarball']);
  const install = (what: string) => INSTALL.npm(managers.npm, what);
  const ours = `${install(packed.path)} && '${process.execPath}' '${BARE}' '${stdout.trim()}' files`;
  const theirs = install(`@openai/codex@${VERSIONS.codex}`);
  const measured = await compareCommands(SCRATCH, Math.min(runs, 3), {
    ours: inProject(ours),
    theirs: inProject(theirs),
  });
  return compare({
    work: 'the limit of that: the tool, and a bare script that fetches, hashes, inflates, writes',
    against: 'npm install @openai/codex',
    goal: null,
    ...measured,
  });
}

function inProject(script: string): Side {
  return shell(
    (dir) =>
      `mkdir -p '${dir}' && cd '${dir}' && echo '{"private":true}' > package.json && ${script}`,
  );
}
