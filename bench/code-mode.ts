/**
 * Scripts against what a user would take instead. By itself: `npx tsx bench/code-mode.ts`, with the
 * names of the rows that are wanted (see {@link ROWS}).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Codex, defineTool } from 'codex-runtime/app-server';
import { CodeMode } from 'codex-runtime/code-mode';
import { quickJs } from '../src/code-mode/quickjs-engine.ts';
import { makeCodexHome } from '../test/support/codex-home.ts';
import { type Answer, startModelServer } from '../test/support/model-server.ts';
import { BENCH_DIR, type Inputs, prepareInputs, VERSION } from './inputs.ts';
import { median, time } from './measure.ts';
import { type BenchRow, compare, formatRows } from './row.ts';

const PIPE = fileURLToPath(new URL('./code-mode-pipe.mjs', import.meta.url));
const CALLS = 10_000;
const EXECS = 50;
const NEVER_MS = 600_000;
const ENGINE_LIMITS = { heapBytes: 64 * 1024 * 1024, outputBytes: 1024 * 1024, pending: 1_000 };
const ignore = () => undefined;
const QUIET = { send: () => true, timer: ignore, clear: ignore, isStopped: () => false };

const echo = defineTool({
  name: 'echo',
  description: 'Gives its input back.',
  inputSchema: { type: 'object' },
  run: (input) => input,
});

type Row = (inputs: () => Promise<Pick<Inputs, 'executable'>>, runs: number) => Promise<BenchRow>;

/** The last one runs the real runtime. */
const ROWS: Readonly<Record<string, Row>> = {
  first: (_, runs) => firstScript(runs),
  further: () => laterScript(),
  calls: (_, runs) => nestedCalls(runs, 1, 2),
  'calls-at-once': (_, runs) => nestedCalls(runs, 100, 1),
  'engine-calls': (_, runs) => engineCalls(runs, 1),
  'engine-calls-at-once': (_, runs) => engineCalls(runs, 100),
  memory: () => idleCells(),
  snapshot: (_, runs) => snapshot(runs),
  native: async (inputs, runs) => againstNative((await inputs()).executable, runs),
};

/** The rows of these names, or every row of code mode. */
export async function codeModeRows(
  inputs: Parameters<Row>[0],
  runs: number,
  names: readonly string[] = Object.keys(ROWS),
): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const name of names) {
    const row = ROWS[name];
    if (row === undefined) throw new Error(`There is no row ${name}: ${Object.keys(ROWS)}`);
    rows.push(await row(inputs, runs));
  }
  return rows;
}

async function firstScript(runs: number): Promise<BenchRow> {
  const sides = await alternate(
    runs,
    async () => {
      const started = performance.now();
      await using codeMode = await CodeMode.start({ tools: [echo] });
      await verified(codeMode.exec('text(1)'));
      return (performance.now() - started) / 1000;
    },
    async () => (await time({ file: process.execPath, args: ['-e', '0'] })).seconds,
  );
  return compare({
    work: 'the first script, its host included',
    against: 'node -e 0',
    ...sides,
    goal: 2.5,
  });
}

async function laterScript(): Promise<BenchRow> {
  await using codeMode = await CodeMode.start({ tools: [echo] });
  await verified(codeMode.exec('text(1)'));
  const times: number[] = [];
  for (let run = 0; run < EXECS; run += 1) {
    times.push(await seconds(() => verified(codeMode.exec('text(1)'))));
  }
  const ours = median(times);
  const work = 'a further script in a warm host';
  return { work, against: '', ours, theirs: null, unit: 's', ratio: ours, goal: 0.01 };
}

async function nestedCalls(runs: number, atOnce: number, goal: number): Promise<BenchRow> {
  await using codeMode = await CodeMode.start({ tools: [echo] });
  const source = callingScript(atOnce);
  const sides = await alternate(
    runs,
    () => seconds(() => verified(codeMode.exec(source, { yieldMs: NEVER_MS }))),
    () => overPipe(atOnce),
  );
  const work = `10,000 calls of a script, ${howMany(atOnce)}`;
  return compare({ work, against: 'JSON lines over a pipe', ...sides, goal });
}

function howMany(atOnce: number): string {
  return atOnce === 1 ? 'one by one' : `${atOnce} at once`;
}

function callingScript(atOnce: number): string {
  return `for (let done = 0; done < ${CALLS}; done += ${atOnce}) {
    await Promise.all(Array.from({ length: ${atOnce} }, (_, n) => tools.echo({ key: done + n })));
  }`;
}

/**
 * What the rows above cannot go below: the same script in the engine alone, in this process, its
 * calls answered on the spot. Nothing is sent anywhere.
 */
async function engineCalls(runs: number, atOnce: number): Promise<BenchRow> {
  const sides = await alternate(
    runs,
    () => inEngine(atOnce),
    () => overPipe(atOnce),
  );
  const work = `… in the engine alone, ${howMany(atOnce)}`;
  return compare({ work, against: 'JSON lines over a pipe', ...sides, goal: null });
}

async function inEngine(atOnce: number): Promise<number> {
  let calls: string[] = [];
  const send = (json: string) => calls.push(json) > 0;
  const tool = { name: 'echo', path: ['echo'], kind: 'function', description: '' } as const;
  const setup = { tools: [{ ...tool, isDeferred: false }], stored: [], limits: ENGINE_LIMITS };
  const engine = await engineKind().create(setup, { ...QUIET, send });
  const started = performance.now();
  let state = engine.run(callingScript(atOnce));
  while (state.kind === 'waiting') {
    const answers = calls.map((json) => {
      const { id, input } = JSON.parse(json) as { id: number; input: unknown };
      return { t: 'answer', id, value: input };
    });
    calls = [];
    state = engine.deliver(JSON.stringify(answers));
  }
  engine.dispose();
  if (state.kind !== 'completed') throw new Error(`A script is ${state.kind}.`);
  return (performance.now() - started) / 1000;
}

/** Answers the calls of a child that does nothing but call, from its first call to its end. */
async function overPipe(atOnce: number): Promise<number> {
  const child = spawn(process.execPath, [PIPE], {
    env: { ...process.env, BENCH_CALLS: String(CALLS), BENCH_AT_ONCE: String(atOnce) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let held = '';
  let started = 0;
  let ended = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (held + text).split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) {
      const { id, input } = JSON.parse(line) as { id?: number; input?: unknown };
      if (id === 1) started = performance.now();
      if (id === undefined) ended = performance.now();
      else child.stdin.write(`${JSON.stringify({ id, value: input })}\n`);
    }
  });
  await once(child, 'close');
  return (ended - started) / 1000;
}

async function idleCells(): Promise<BenchRow> {
  await using codeMode = await CodeMode.start({ tools: [echo] });
  for (let cell = 0; cell < 8; cell += 1) {
    await codeMode.exec('await new Promise((later) => setTimeout(later, 1e6))', { yieldMs: 10 });
  }
  const status = readFileSync(`/proc/${codeMode.hostPid}/status`, 'utf8');
  const ours = (Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6;
  const work = 'memory of a host with 8 scripts that wait';
  return { work, against: '', ours, theirs: null, unit: 'MB', ratio: ours, goal: 180 };
}

function engineKind() {
  const wasm = createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm');
  return quickJs(new WebAssembly.Module(readFileSync(wasm)));
}

async function snapshot(runs: number): Promise<BenchRow> {
  const kind = engineKind();
  const engine = await kind.create({ tools: [], stored: [], limits: ENGINE_LIMITS }, QUIET);
  engine.run('await new Promise((later) => setTimeout(later, 1000))');
  const times: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    times.push(
      await seconds(async () => {
        const other = await kind.restore(engine.snapshot(), ENGINE_LIMITS, QUIET);
        other.deliver('[{"t":"resume"}]');
        other.dispose();
      }),
    );
  }
  engine.dispose();
  const ours = median(times.slice(1));
  const work = 'a snapshot of a script, and another engine that goes on';
  return { work, against: '', ours, theirs: null, unit: 's', ratio: ours, goal: 0.03 };
}

/** The same script with 200 calls of a tool of the client, in a turn of the real runtime. */
async function againstNative(codexPath: string, runs: number): Promise<BenchRow> {
  const source = 'for (let n = 0; n < 200; n++) await tools.echo({ key: n }); text("end")';
  const script = { source, yield_time_ms: NEVER_MS };
  await using codeMode = await CodeMode.start({ tools: [echo] });
  await using mine = await scriptedTurn(codexPath, {
    call: { kind: 'tool', name: 'exec_script', arguments: script },
    options: { tools: codeMode.clientTools() },
  });
  await using other = await scriptedTurn(codexPath, {
    call: {
      kind: 'custom',
      name: 'exec',
      input: `// @exec: {"yield_time_ms": ${NEVER_MS}}\n${source}`,
    },
    options: { tools: [echo], codeMode: 'native' },
  });
  const sides = await alternate(
    runs,
    () => seconds(mine.turn),
    () => seconds(other.turn),
  );
  const work = `a turn whose script calls a tool 200 times, ${VERSION}`;
  return compare({ work, against: "Codex's own code mode", ...sides, goal: 1 });
}

/** A client whose model calls code mode once a turn. */
async function scriptedTurn(
  codexPath: string,
  { call, options }: { readonly call: Answer; readonly options: Parameters<typeof Codex.start>[0] },
): Promise<AsyncDisposable & { turn(): Promise<void> }> {
  const model = await startModelServer((_, count) =>
    count % 2 === 1 ? call : { kind: 'text', text: 'Done.' },
  );
  const home = await makeCodexHome(model.url);
  const codex = await Codex.start({ codexPath, env: home.env, cwd: home.work, ...options });
  return {
    turn: async () => {
      await codex.startThread().run('go');
      const told = JSON.stringify(model.requests.at(-1)?.input.at(-1));
      if (!/Script completed[\s\S]*end/.test(told))
        throw new Error(`The script did not run: ${told}`);
    },
    [Symbol.asyncDispose]: async () => {
      await codex.close();
      await model.close();
      await home.remove();
    },
  };
}

async function verified(running: ReturnType<CodeMode['exec']>): Promise<void> {
  const { status } = await running;
  if (status !== 'completed') throw new Error(`A script is ${status}.`);
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Both sides in turn, in seconds; the first pair warms up and is not counted. */
async function alternate(
  runs: number,
  mine: () => Promise<number>,
  other: () => Promise<number>,
): Promise<{ ours: number; theirs: number }> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const pair = [await mine(), await other()] as const;
    if (run === 0) continue;
    ours.push(pair[0]);
    theirs.push(pair[1]);
  }
  return { ours: median(ours), theirs: median(theirs) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const runs = Number(process.env['BENCH_RUNS'] ?? 5);
  await mkdir(BENCH_DIR, { recursive: true });
  const names = process.argv.slice(2);
  const rows = await codeModeRows(prepareInputs, runs, names.length > 0 ? names : undefined);
  console.log(formatRows(rows));
}
