/**
 * `npm run windows-suite`: this project's tests under the real node.exe 22, in Debian's Wine; on a
 * machine with Windows under the Node that runs this, as it is. How many pass is kept in
 * suite-passed.json for each directory of test/, and may only grow. Prints a line for each, and
 * exits with 1 when one has fallen. A directory without a number is run when it is named.
 *
 *   npm run windows-suite -- --only lockfile,disk   (these directories)
 *   npm run windows-suite -- --write                (keeps the numbers of this run)
 *   npm run windows-suite -- --dir DIR              (makes its Wine and tree there, or takes them from
 *                                                    a run before, and leaves them; reports too)
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  fetchNodes,
  installMissing,
  makeWine,
  npm,
  ON_WINDOWS,
  stopPrograms,
  windowsPath,
  wineEnvironment,
} from './wine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HELD = new URL('suite-passed.json', import.meta.url);
/** A directory that takes longer hangs; what has passed by then counts. */
const LIMIT_MS = 900_000;
/** A mark of vitest's before a test that passed, or one that failed. */
const PASSED = /^ +✓ /gm;
const FAILED = /^ +[×✗] .*/gm;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    dir: { type: 'string' },
  },
});
const held = JSON.parse(await readFile(HELD, 'utf8')) as Record<string, number>;
const slices = values.only?.split(',') ?? Object.keys(held);
const dir = values.dir ?? (await mkdtemp(join(tmpdir(), 'codex-runtime-suite-')));
let fallen = 0;
try {
  if (!ON_WINDOWS && !existsSync(join(dir, 'ready'))) await prepare();
  const found: Record<string, number> = {};
  for (const slice of slices) {
    const begun = performance.now();
    const report = await runSlice(slice);
    const passed = report.match(PASSED)?.length ?? 0;
    const before = held[slice] ?? 0;
    found[slice] = passed;
    if (passed < before) fallen += 1;
    const verdict = passed < before ? 'FELL' : passed > before ? 'grew' : 'ok  ';
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    console.log(`${verdict}  ${slice}: ${passed} pass (held: ${before}, ${seconds} s)`);
    // What fails there from the beginning is not counted; only a fall asks for a look.
    if (passed < before) console.log(report.match(FAILED)?.join('\n') ?? report.slice(-4000));
    if (values.write) await keep({ ...held, ...found });
  }
  const sum = (numbers: Record<string, number>) =>
    slices.reduce((total, slice) => total + (numbers[slice] ?? 0), 0);
  console.log(`${sum(found)} tests pass on Windows; held are ${sum(held)}`);
} finally {
  if (!ON_WINDOWS) stopPrograms(dir);
  if (values.dir === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}
process.exitCode = fallen === 0 ? 0 : 1;

async function prepare(): Promise<void> {
  await mkdir(dir, { recursive: true });
  installMissing();
  await makeWine(dir);
  fetchNodes(dir, ['22.23.3']);
  copyTree();
  await writeFile(join(dir, 'ready'), '');
}

/** What git has, and the build, with the packages that Windows takes. */
function copyTree(): void {
  const tree = join(dir, 'tree');
  const script = 'mkdir "$1" && git ls-files -z | xargs -0 tar cf - dist | tar xf - -C "$1"';
  execFileSync('sh', ['-ec', script, 'sh', tree], { cwd: ROOT });
  npm(
    ['ci', '--silent', '--os=win32', '--cpu=x64', '--ignore-scripts', '--no-audit', '--no-fund'],
    tree,
  );
}

/** Runs the tests of one directory, and returns what vitest said of them. */
async function runSlice(slice: string): Promise<string> {
  const tree = ON_WINDOWS ? ROOT : join(dir, 'tree');
  const inSlice =
    slice === '.'
      ? // The files beside the directories.
        readdirSync(join(tree, 'test'))
          .filter((name) => name.endsWith('.test.ts'))
          .map((name) => `test/${name}`)
      : [`test/${slice}/`];
  const file = join(dir, `${slice === '.' ? 'beside' : slice.replaceAll('/', '-')}.txt`);
  const out = openSync(file, 'w');
  const child = startNode(tree, ['run', '--reporter=verbose', ...inSlice], out);
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  closeSync(out);
  // What a slice leaves running would take the next one's time.
  if (!ON_WINDOWS) stopPrograms(dir);
  return readFileSync(file, 'utf8');
}

/** Starts vitest under node.exe. Wine gives it no pipes: its output goes to a file. */
function startNode(tree: string, args: readonly string[], out: number): ChildProcess {
  const options: SpawnOptions = {
    cwd: tree,
    stdio: ['ignore', out, out],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  };
  const vitest = join(tree, 'node_modules/vitest/vitest.mjs');
  if (ON_WINDOWS) return spawn(process.execPath, [vitest, ...args], options);
  const node = join(dir, 'node22/package/bin/node.exe');
  const preload = windowsPath(join(dir, 'junctions.cjs')).replaceAll('\\', '\\\\');
  const env = { ...wineEnvironment(dir), NODE_OPTIONS: `--require ${preload}` };
  return spawn('wine', [node, windowsPath(vitest), ...args], { ...options, env });
}

async function keep(numbers: Record<string, number>): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(numbers).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(HELD, `${JSON.stringify(sorted, null, 2)}\n`);
}
