/** The client against what a user would take instead; runnable by itself with `npx tsx`. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Codex } from 'codex-runtime/app-server';
import { makeCodexHome } from '../test/support/codex-home.ts';
import { startModelServer } from '../test/support/model-server.ts';
import { type Rival, readlineEvents, vscodeEvents, vscodeRequests } from './app-server-rivals.ts';
import { BENCH_DIR, type Inputs, prepareInputs } from './inputs.ts';
import { median, time } from './measure.ts';
import { type BenchRow, compare, formatRows } from './row.ts';

const CHILD = fileURLToPath(new URL('./app-server-child.mjs', import.meta.url));
const MILLION = fileURLToPath(new URL('./app-server-million.mjs', import.meta.url));
const EVENTS = 200_000;
const REQUESTS = 5_000;
const TURNS = 100;

/** Every row of the client; the last one runs the real runtime. */
export async function appServerRows(inputs: Inputs, runs: number): Promise<readonly BenchRow[]> {
  const dir = join(BENCH_DIR, 'app-server');
  await mkdir(dir, { recursive: true });
  const lines = { BENCH_EVENTS: join(dir, 'events.lines') };
  const headers = { BENCH_EVENTS: join(dir, 'events.headers'), BENCH_FRAMING: 'headers' };
  await writeFile(
    lines.BENCH_EVENTS,
    eventsOf(EVENTS, (text) => `${text}\n`),
  );
  await writeFile(headers.BENCH_EVENTS, eventsOf(EVENTS, withHeader));
  try {
    const readline = await alternate(runs, [ourEvents, lines], [readlineEvents, lines]);
    const vscode = await alternate(runs, [ourEvents, lines], [vscodeEvents, headers]);
    const requests = await alternate(
      runs,
      [ourRequests, lines],
      [vscodeRequests(REQUESTS), headers],
    );
    return [
      compare({
        work: '200,000 events of a turn',
        against: 'readline + JSON.parse',
        ...readline,
        goal: 0.9,
      }),
      compare({ work: '200,000 events of a turn', against: 'vscode-jsonrpc', ...vscode, goal: 1 }),
      compare({
        work: '5,000 calls, one after the other',
        against: 'vscode-jsonrpc',
        ...requests,
        goal: 0.8,
      }),
      await million(dir),
      await manyTurns(inputs),
    ];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const ourEvents: Rival = async (codexPath, env) => {
  await using codex = await Codex.start({ codexPath, env: { ...process.env, ...env } });
  const thread = await codex.startThread();
  const started = performance.now();
  const turn = await thread.turn('go');
  let events = 0;
  for await (const _ of turn.stream()) events += 1;
  if (events !== EVENTS + 1) throw new Error(`${events} events came`);
  return (performance.now() - started) / 1000;
};

const ourRequests: Rival = async (codexPath, env) => {
  await using codex = await Codex.start({ codexPath, env: { ...process.env, ...env } });
  await codex.request('ping', {});
  const started = performance.now();
  for (let sent = 0; sent < REQUESTS; sent += 1) await codex.request('ping', {});
  return (performance.now() - started) / 1000;
};

type Case = readonly [Rival, Readonly<Record<string, string>>];

/** Both sides in turn, so that what the machine does meanwhile touches both alike. */
async function alternate(
  runs: number,
  [mine, myEnv]: Case,
  [other, otherEnv]: Case,
): Promise<{ ours: number; theirs: number }> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const pair = [await mine(CHILD, myEnv), await other(CHILD, otherEnv)] as const;
    // The first pair compiles the code of both and is not counted.
    if (run === 0) continue;
    ours.push(pair[0]);
    theirs.push(pair[1]);
  }
  return { ours: median(ours), theirs: median(theirs) };
}

async function million(dir: string): Promise<BenchRow> {
  const events = join(dir, 'million.lines');
  await writeFile(
    events,
    eventsOf(1_000_000, (text) => `${text}\n`),
  );
  const command = {
    file: process.execPath,
    args: [MILLION],
    env: { BENCH_EVENTS: events },
  };
  const { peakMb } = await time(command, join(dir, 'peak'));
  const work = 'memory at the peak, 1,000,000 events';
  return { work, against: '', ours: peakMb, theirs: null, unit: 'MB', ratio: peakMb, goal: 150 };
}

/** A model that takes 100 ms for an answer, on the real runtime. */
async function manyTurns({ executable }: Inputs): Promise<BenchRow> {
  const answer = { kind: 'text', text: 'one two three four five', delayMs: 20 } as const;
  const model = await startModelServer(() => answer);
  const home = await makeCodexHome(model.url);
  try {
    await using codex = await Codex.start({ codexPath: executable, env: home.env, cwd: home.work });
    const one = () => codex.startThread().run('go');
    await one();
    const started = performance.now();
    await Promise.all(Array.from({ length: TURNS }, one));
    const ours = (performance.now() - started) / 1000;
    const again = performance.now();
    for (let turn = 0; turn < TURNS; turn += 1) await one();
    const theirs = (performance.now() - again) / 1000;
    return compare({
      work: '100 turns at once on one client, 0.169.0',
      against: 'one after the other',
      ours,
      theirs,
      goal: 0.5,
    });
  } finally {
    await model.close();
    await home.remove();
  }
}

function eventsOf(count: number, frame: (text: string) => string): string {
  const params = {
    threadId: 'thread',
    turnId: 'turn',
    itemId: 'message-1',
    delta: 'some words of it ',
  };
  const method = 'item/agentMessage/delta';
  const delta = frame(JSON.stringify({ method, params, emittedAtMs: 1_795_150_652_222 }));
  const turn = { id: 'turn', items: [], status: 'completed', error: null };
  const end = { method: 'turn/completed', params: { threadId: 'thread', turn } };
  return delta.repeat(count) + frame(JSON.stringify(end));
}

function withHeader(text: string): string {
  const body = `{"jsonrpc":"2.0",${text.slice(1)}`;
  return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const runs = Number(process.env['BENCH_RUNS'] ?? 5);
  await mkdir(BENCH_DIR, { recursive: true });
  console.log(formatRows(await appServerRows(await prepareInputs(), runs)));
}
