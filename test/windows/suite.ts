/**
 * `npm run windows-suite`: this project's tests under the real node.exe 22, in Debian's Wine. How
 * many pass is kept in suite-passed.json for each directory of test/, and may only grow. Prints a
 * line for each, and exits with 1 when one has fallen.
 *
 *   npm run windows-suite -- --only lockfile,disk   (these directories)
 *   npm run windows-suite -- --write                (keeps the numbers of this run)
 *   npm run windows-suite -- --dir DIR              (makes its Wine and tree there, or takes them from
 *                                                    a run before, and leaves them)
 */
import { execFileSync, spawn } from 'node:child_process';
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
  stopPrograms,
  windowsPath,
  wineEnvironment,
} from './wine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HELD = new URL('suite-passed.json', import.meta.url);
/** A directory that takes longer hangs; what has passed by then counts. */
const LIMIT_MS = 400_000;
/** What needs programs of Linux, or real app-servers, which are too slow in Wine to be counted. */
const NOT_HERE = ['app-server', 'arm64', 'ci', 'code-mode', 'e2e', 'torture', 'windows'];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    dir: { type: 'string' },
  },
});
const held = JSON.parse(await readFile(HELD, 'utf8')) as Record<string, number>;
const slices = values.only?.split(',') ?? slicesOf(join(ROOT, 'test'));
const dir = values.dir ?? (await mkdtemp(join(tmpdir(), 'codex-runtime-suite-')));
let fallen = 0;
try {
  if (!existsSync(join(dir, 'ready'))) await prepare();
  const found: Record<string, number> = {};
  for (const slice of slices) {
    const begun = performance.now();
    const passed = await runSlice(slice);
    const before = held[slice] ?? 0;
    found[slice] = passed;
    if (passed < before) fallen += 1;
    const verdict = passed < before ? 'FELL' : passed > before ? 'grew' : 'ok  ';
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    console.log(`${verdict}  ${slice}: ${passed} pass (held: ${before}, ${seconds} s)`);
    if (values.write) await keep({ ...held, ...found });
  }
  const sum = (numbers: Record<string, number>) =>
    slices.reduce((total, slice) => total + (numbers[slice] ?? 0), 0);
  console.log(`${sum(found)} tests pass on Windows; held are ${sum(held)}`);
} finally {
  stopPrograms(dir);
  if (values.dir === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}
process.exitCode = fallen === 0 ? 0 : 1;

/** The directories of test/ that have tests; `.` stands for the files beside them. */
function slicesOf(tests: string): string[] {
  const directories = readdirSync(tests, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const withTests = directories
    .map(({ name }) => name)
    .filter((name) => !NOT_HERE.includes(name))
    .filter((name) =>
      readdirSync(join(tests, name), { recursive: true, encoding: 'utf8' }).some((file) =>
        file.endsWith('.test.ts'),
      ),
    );
  return ['.', ...withTests.sort()];
}

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

async function runSlice(slice: string): Promise<number> {
  const tree = join(dir, 'tree');
  const files =
    slice === '.'
      ? readdirSync(join(tree, 'test'))
          .filter((name) => name.endsWith('.test.ts'))
          .map((name) => `test/${name}`)
      : [`test/${slice}/`];
  const report = join(dir, 'report');
  const out = openSync(report, 'w');
  const child = spawn(
    'wine',
    [
      join(dir, 'node22/package/bin/node.exe'),
      windowsPath(join(tree, 'node_modules/vitest/vitest.mjs')),
      'run',
      '--reporter=verbose',
      ...files,
    ],
    {
      cwd: tree,
      env: {
        ...wineEnvironment(dir),
        NODE_OPTIONS: `--require ${windowsPath(join(dir, 'junctions.cjs')).replaceAll('\\', '\\\\')}`,
      },
      stdio: ['ignore', out, out],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    },
  );
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  closeSync(out);
  // What a slice leaves running would take the next one's time.
  stopPrograms(dir);
  return readFileSync(report, 'utf8').match(/^ +✓ /gm)?.length ?? 0;
}

async function keep(numbers: Record<string, number>): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(numbers).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(HELD, `${JSON.stringify(sorted, null, 2)}\n`);
}
