/**
 * `npm run bench`: both sides of every speed goal from one run, as a table and as JSON.
 * `-- --only nothing,exec` runs some groups (`images`, or one of its parts: `images:layer`), `--node 24` some versions of Node, `--runs 3` fewer times.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { appServerRows } from './app-server.ts';
import { toolRows } from './app-server-tools.ts';
import { codeModeRows } from './code-mode.ts';
import { downloadRows } from './download.ts';
import { fromNothingRows } from './from-nothing.ts';
import { BENCH_DIR, type Inputs, prepareInputs } from './inputs.ts';
import { layerRows, registryRows, sixTargetRows } from './oci.ts';
import { packRows } from './pack.ts';
import { findNodes, type NodeVersion, VERSIONS } from './peers.ts';
import {
  coldRows,
  execRows,
  installedRows,
  memoryRows,
  nothingToDoRows,
  npmRows,
} from './provision.ts';
import { type BenchRow, formatRows } from './row.ts';
import { scaleRows } from './scale.ts';

interface Bench {
  readonly inputs: () => Promise<Inputs>;
  readonly nodes: () => Promise<readonly NodeVersion[]>;
  readonly runs: number;
}

/** In the order in which they are shown. */
const GROUPS: Readonly<Record<string, (bench: Bench) => Promise<readonly BenchRow[]>>> = {
  zero: ({ runs }) => fromNothingRows(runs),
  nothing: async ({ nodes, runs }) => await nothingToDoRows(await nodes(), runs),
  exec: async ({ nodes, runs }) => await execRows(await nodes(), runs),
  npm: ({ runs }) => npmRows(runs),
  cold: async ({ inputs, runs }) => await coldRows(await inputs(), runs),
  memory: async ({ nodes }) => await memoryRows(await nodes()),
  installed: async ({ inputs, runs }) => await installedRows(await inputs(), runs),
  scale: ({ runs }) => scaleRows(runs),
  download: async ({ inputs, runs }) => await downloadRows(await inputs(), runs),
  client: async ({ inputs, runs }) => await appServerRows(await inputs(), runs),
  code: ({ inputs, runs }) => codeModeRows(inputs, runs),
  tools: ({ runs }) => toolRows(runs),
  pack: async ({ inputs, runs }) => await packRows(await inputs(), runs),
  'images:six': ({ runs }) => sixTargetRows(runs),
  'images:layer': async ({ inputs, runs }) => await layerRows(await inputs(), runs),
  'images:install': async ({ inputs, runs }) => {
    await inputs();
    return await registryRows(runs);
  },
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(GROUPS).join() },
    node: { type: 'string', default: Object.keys(VERSIONS.node).join() },
    runs: { type: 'string', default: process.env['BENCH_RUNS'] ?? '5' },
  },
});
const names = values.only.split(',');
/** A group, or all whose names begin with it: `images` is three. */
const isNamed = (group: string, name: string) => group === name || group.startsWith(`${name}:`);
const unknown = names.filter((name) => !Object.keys(GROUPS).some((each) => isNamed(each, name)));
if (unknown.length > 0) {
  throw new Error(`There is no ${unknown.join()}; there are ${Object.keys(GROUPS).join(', ')}.`);
}
await mkdir(BENCH_DIR, { recursive: true });
let inputs: Promise<Inputs> | undefined;
let nodes: Promise<readonly NodeVersion[]> | undefined;
const bench: Bench = {
  inputs: () => {
    inputs ??= prepareInputs();
    return inputs;
  },
  nodes: () => {
    nodes ??= findNodes(values.node.split(','));
    return nodes;
  },
  runs: Number(values.runs),
};
const rows: BenchRow[] = [];
for (const [name, group] of Object.entries(GROUPS)) {
  if (names.some((each) => isNamed(name, each))) rows.push(...(await group(bench)));
}

const machine = `Node ${process.versions.node}, Linux ${release()}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), medians of ${bench.runs}`;
console.log(`${machine}\n\n${formatRows(rows)}`);
const results = join(BENCH_DIR, 'results.json');
await writeFile(results, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
console.log(`\n${results}`);
