/**
 * Runs the tests against real runtimes for every version and way, and writes docs/compatibility.json,
 * the log, and docs/compatibility.md, the table that it makes: `npm run compatibility`, or for single
 * cells `npm run compatibility 0.171.0:socket`.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CELLS,
  type CompatibilityLog,
  compatibilityPage,
  FILES,
  faultsOf,
  readReport,
} from './compatibility-table.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const wanted = process.argv.slice(2);
const log: CompatibilityLog = { node: process.version, platform: process.platform, cells: {} };
if (wanted.length > 0) Object.assign(log.cells, (await loadLog()).cells);
for (const cell of CELLS) {
  if (wanted.length > 0 && !wanted.some((word) => cell.startsWith(word))) continue;
  log.cells[cell] = readReport(await runCell(cell), cell);
  await writeFile(at('json'), `${JSON.stringify(log, null, 2)}\n`);
  await writeFile(at('md'), compatibilityPage(log));
  console.log(`${cell}: ${JSON.stringify(log.cells[cell])}`);
}
const faults = faultsOf(log);
console.log(faults.length === 0 ? 'Everything passed.' : faults.join('\n'));
process.exitCode = faults.length === 0 ? 0 : 1;

/** What a run before has left: cells that are named alone are run again. */
async function loadLog(): Promise<CompatibilityLog> {
  return JSON.parse(await readFile(at('json'), 'utf8')) as CompatibilityLog;
}

function at(extension: string): string {
  return join(ROOT, `docs/compatibility.${extension}`);
}

async function runCell(cell: string): Promise<unknown> {
  const dir = await mkdtemp(join(tmpdir(), 'compatibility-'));
  const report = join(dir, 'report.json');
  const title = `on Codex ${cell.replace(':', ' over ')}`;
  const args = [
    'vitest',
    'run',
    ...FILES,
    '-t',
    title,
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  const child = spawn('npx', args, {
    cwd: ROOT,
    env: { ...process.env, CODEX_RUNTIME_TEST_CELLS: cell },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await new Promise((resolve) => child.once('exit', resolve));
  const text = await readFile(report, 'utf8');
  await rm(dir, { recursive: true });
  return JSON.parse(text);
}
