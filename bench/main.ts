/** `npm run bench`: both sides of every speed goal from one run, as a table and as JSON. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { appServerRows } from './app-server.ts';
import { toolRows } from './app-server-tools.ts';
import { codeModeRows } from './code-mode.ts';
import { downloadRows } from './download.ts';
import { BENCH_DIR, prepareInputs } from './inputs.ts';
import { ociRows } from './oci.ts';
import { packRows } from './pack.ts';
import { provisioningRows } from './provision.ts';
import { formatRows } from './row.ts';

const runs = Number(process.env['BENCH_RUNS'] ?? 5);
await mkdir(BENCH_DIR, { recursive: true });
const inputs = await prepareInputs();
const rows = [
  ...(await provisioningRows(inputs, runs)),
  ...(await downloadRows(inputs, runs)),
  ...(await appServerRows(inputs, runs)),
  ...(await codeModeRows(inputs, runs)),
  ...(await toolRows(runs)),
  ...(await packRows(inputs, runs)),
  ...(await ociRows(inputs, runs)),
];

const machine = `Node ${process.versions.node}, Linux ${release()}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), medians of ${runs}`;
console.log(`${machine}\n\n${formatRows(rows)}`);
const results = join(BENCH_DIR, 'results.json');
await writeFile(results, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
console.log(`\n${results}`);
