/** How commands grow with what the store holds, and how one with nothing to do does not. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { installRuntime } from '../src/index.ts';
import { storedRuntime } from '../test/support/stored-runtime.ts';
import { BENCH_DIR, BIN } from './inputs.ts';
import { type Command, compareCommands, median, time } from './measure.ts';
import { type BenchRow, compare, fact } from './row.ts';

const SCRATCH = join(BENCH_DIR, 'scale');

interface Size {
  readonly versions: number;
  readonly prefixes: number;
}

/** The points of each curve. */
const SIZES: readonly Size[] = [
  { versions: 1, prefixes: 1 },
  { versions: 50, prefixes: 250 },
  { versions: 200, prefixes: 1000 },
];

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  list: ['list'],
  'prune --dry-run': ['prune', '--dry-run'],
  doctor: ['doctor', '--offline'],
};

export async function scaleRows(runs: number): Promise<readonly BenchRow[]> {
  await rm(SCRATCH, { recursive: true, force: true });
  const sites: (Size & { readonly dir: string })[] = [];
  for (const size of SIZES) sites.push({ ...size, dir: await makeSite(size) });
  const [least = '', most = ''] = [sites[0]?.dir, sites.at(-1)?.dir];
  const nothing = await compareCommands(SCRATCH, runs * 8, {
    ours: { command: () => nothingToDo(most) },
    theirs: { command: () => nothingToDo(least) },
  });
  const rows: BenchRow[] = [
    compare({
      work: 'nothing to do with 200 versions and 1,000 prefixes',
      against: 'the same with one of each',
      goal: 1.05,
      ...nothing,
    }),
  ];
  for (const [name, words] of Object.entries(COMMANDS)) {
    for (const { dir, versions, prefixes } of sites) {
      const seconds: number[] = [];
      for (let run = 0; run < 3; run += 1) seconds.push((await time(inSite(dir, words))).seconds);
      const { peakMb } = await time(inSite(dir, words), join(SCRATCH, 'peak'));
      const work = `${name}, ${versions} versions, ${prefixes} prefixes`;
      rows.push(
        fact({ work, ours: median(seconds), unit: 's', goal: null }),
        fact({ work: `memory of ${work}`, ours: peakMb, unit: 'MB', goal: null }),
      );
    }
  }
  await rm(SCRATCH, { recursive: true, force: true });
  return rows;
}

function nothingToDo(dir: string): Command {
  return inSite(dir, ['install', versionOf(0), '--prefix', join(dir, 'p0')]);
}

function inSite(dir: string, args: readonly string[]): Command {
  const env = { CODEX_RUNTIME_HOME: join(dir, 'home') };
  return { file: process.execPath, args: [BIN, ...args], env, cwd: dir };
}

/** Miniature runtimes, spread over the prefixes. */
async function makeSite({ versions, prefixes }: Size): Promise<string> {
  const dir = join(SCRATCH, `${versions}-${prefixes}`);
  const home = join(dir, 'home');
  await mkdir(home, { recursive: true });
  await writeFile(join(dir, 'package.json'), '{"private":true}');
  for (let number = 0; number < versions; number += 1) {
    await storedRuntime(home, { version: versionOf(number) });
  }
  for (let number = 0; number < prefixes; number += 1) {
    const version = versionOf(number % versions);
    const prefix = join(dir, `p${number}`);
    const target = 'linux-x64';
    await installRuntime({ version, home, prefix, cwd: dir, env: {}, offline: true, target });
  }
  return dir;
}

/** Old enough that doctor misses nothing in a miniature. */
function versionOf(number: number): string {
  return `0.1.${number}`;
}
