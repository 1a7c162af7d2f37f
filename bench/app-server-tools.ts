/** Tools, the bridge, and a server that never reads; runnable by itself with `npx tsx`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Codex, defineTool } from 'codex-runtime/app-server';
import { ensureRuntime } from '../src/index.ts';
import { makeCodexHome } from '../test/support/codex-home.ts';
import { startModelServer } from '../test/support/model-server.ts';
import { BENCH_DIR, BIN } from './inputs.ts';
import { median, time } from './measure.ts';
import { type BenchRow, compare, formatRows } from './row.ts';

const FLOOD = fileURLToPath(new URL('./bridge-flood.mjs', import.meta.url));
const DEAF = fileURLToPath(new URL('./app-server-deaf.mjs', import.meta.url));
const VERSION = '0.171.0';
const CALLS = 10_000;
/** Calls that one answer of the model makes. */
const AT_ONCE = 100;
const MB = 100;

export async function toolRows(runs: number): Promise<readonly BenchRow[]> {
  const dir = join(BENCH_DIR, 'tools');
  await mkdir(dir, { recursive: true });
  try {
    return [await tools(Math.min(runs, 3)), await bridge(dir, runs), await deaf(dir)];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A turn of 10,000 calls: of a tool that is defined, and answered by a bare script. */
async function tools(runs: number): Promise<BenchRow> {
  const home = process.env['CODEX_RUNTIME_TEST_HOME'] ?? join(BENCH_DIR, 'home');
  const { executable } = await ensureRuntime({ version: VERSION, source: 'npm', home });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    ours.push(await withModel((env, cwd) => ourTurn(executable, env, cwd)));
    theirs.push(await withModel((env, cwd) => bareTurn(executable, env, cwd)));
  }
  return compare({
    work: `10,000 calls of a tool in a turn, ${VERSION}`,
    against: 'answered by a bare script',
    ours: median(ours),
    theirs: median(theirs),
    goal: 1.1,
  });
}

type Env = Readonly<Record<string, string>>;

async function withModel(work: (env: Env, cwd: string) => Promise<number>): Promise<number> {
  const call = { name: 'look', arguments: { at: 'it' } };
  const model = await startModelServer((_, count) =>
    count > CALLS / AT_ONCE
      ? { kind: 'text', text: 'done' }
      : { kind: 'tools', calls: Array.from({ length: AT_ONCE }, () => call) },
  );
  const home = await makeCodexHome(model.url);
  try {
    return await work(home.env, home.work);
  } finally {
    await model.close();
    await home.remove();
  }
}

async function ourTurn(codexPath: string, env: Env, cwd: string): Promise<number> {
  let calls = 0;
  const look = defineTool({
    name: 'look',
    description: 'Looks.',
    inputSchema: { type: 'object', properties: { at: { type: 'string' } } },
    run: () => {
      calls += 1;
      return 'seen';
    },
  });
  await using codex = await Codex.start({ codexPath, env, cwd, tools: [look] });
  const thread = await codex.startThread();
  const started = performance.now();
  await thread.run('go');
  if (calls !== CALLS) throw new Error(`${calls} calls came`);
  return (performance.now() - started) / 1000;
}

/** What a user would write who has no library. */
async function bareTurn(codexPath: string, env: Env, cwd: string): Promise<number> {
  const child = spawn(codexPath, ['app-server'], { env, cwd, stdio: ['pipe', 'pipe', 'ignore'] });
  const send = (message: object) => child.stdin.write(`${JSON.stringify(message)}\n`);
  let started = 0;
  let calls = 0;
  send({
    id: 1,
    method: 'initialize',
    params: {
      clientInfo: { name: 'bare', title: null, version: '1' },
      capabilities: { experimentalApi: true, requestAttestation: false },
    },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { id, method, result } = JSON.parse(line);
    if (method === 'item/tool/call') {
      calls += 1;
      const contentItems = [{ type: 'inputText', text: 'seen' }];
      send({ id, result: { contentItems, success: true } });
    } else if (method === 'turn/completed') break;
    else if (method === undefined && id === 1) {
      send({ method: 'initialized' });
      const schema = { type: 'object', properties: { at: { type: 'string' } } };
      const look = { type: 'function', name: 'look', description: 'Looks.', inputSchema: schema };
      send({ id: 2, method: 'thread/start', params: { cwd, dynamicTools: [look] } });
    } else if (method === undefined && id === 2) {
      const input = [{ type: 'text', text: 'go', text_elements: [] }];
      started = performance.now();
      send({ id: 3, method: 'turn/start', params: { threadId: result.thread.id, input } });
    }
  }
  const seconds = (performance.now() - started) / 1000;
  child.stdin.end();
  await once(child, 'exit');
  if (calls !== CALLS) throw new Error(`${calls} calls came`);
  return seconds;
}

/** 100 MB of notifications through each bridge, to a reader that counts. */
async function bridge(dir: string, runs: number): Promise<BenchRow> {
  const path = join(dir, 's.sock');
  const flood = spawn(process.execPath, [FLOOD, path, String(MB)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(flood.stdout, 'data');
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    for (let run = 0; run <= runs; run += 1) {
      const lines = await through(['bridge', '--lines', path]);
      const plain = await through(['bridge', `${path}.plain`]);
      if (run === 0) continue;
      ours.push(lines);
      theirs.push(plain);
    }
  } finally {
    flood.kill();
  }
  return compare({
    work: 'bridge --lines, 100 MB of notifications',
    against: 'bridge, the same as bytes',
    ours: median(ours),
    theirs: median(theirs),
    goal: 1.3,
  });
}

async function through(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  // The end of stdin is the end of a connection with lines, and half of one without.
  if (!args.includes('--lines')) child.stdin.end();
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const [code] = await once(child, 'close');
  if (code !== 0 || bytes < MB * 1_000_000) throw new Error(`${args}: ${code}, ${bytes} bytes`);
  return (performance.now() - started) / 1000;
}

async function deaf(dir: string): Promise<BenchRow> {
  const command = { file: process.execPath, args: [DEAF] };
  const { peakMb } = await time(command, join(dir, 'peak'));
  const work = 'memory at the peak, 1 GB offered by a server that never reads';
  return { work, against: '', ours: peakMb, theirs: null, unit: 'MB', ratio: peakMb, goal: 150 };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(formatRows(await toolRows(Number(process.env['BENCH_RUNS'] ?? 3))));
}
