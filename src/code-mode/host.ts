/**
 * The script host: a process that runs scripts in worker threads and speaks frames with its
 * program over stdin and stdout. It holds nothing that its death would lose: the program keeps
 * stored values, output and snapshots, and runs all tools.
 */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type Frame, FrameReader, PROTOCOL_VERSION } from './frames.ts';
import { newOutletHold, Outlet, wasWriting } from './outlet.ts';
import { type CellOutcome, type HostCommand, type HostEvent, isHostCommand } from './protocol.ts';
import type { WorkerData, WorkerOrder, WorkerReport } from './worker.ts';

/** A script that is asked to stop has this long; then its thread is ended from outside. */
const STOP_MS = 1_000;

const module = new WebAssembly.Module(
  readFileSync(new URL('../code-mode/quickjs.wasm', import.meta.url)),
);

const hold = newOutletHold();
/** No thread of Node has this number: its threads count from 0 or 1. */
const outlet = new Outlet(hold, 2 ** 31 - 1);

/** Numbers of threads that are being ended from outside. */
const ending = new Set<number>();

function tell(event: HostEvent): void {
  // One that is ended in the middle of a frame gives the outlet back to nobody.
  for (const thread of ending) if (wasWriting(hold, thread)) process.exit(1);
  try {
    outlet.write(event);
  } catch {
    // The program is gone.
    process.exit(0);
  }
}

/** A thread, and the cell whose script it runs now. */
class Thread {
  readonly #flag = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;
  #cell: number | undefined;
  #isPrepared = false;
  #stopping: NodeJS.Timeout | undefined;
  readonly #id: number;

  constructor() {
    const data: WorkerData = { module, hold, flag: this.#flag };
    this.#worker = new Worker(new URL('../code-mode/worker.js', import.meta.url), {
      workerData: data,
      env: {},
      stdin: true,
      // What a worker prints is not the wire.
      stdout: true,
      stderr: false,
    });
    const { threadId } = this.#worker;
    this.#id = threadId;
    this.#worker.on('message', (outcome: WorkerReport) => this.#end(outcome, this));
    this.#worker.on('error', (error) => this.#lost(error.name));
    this.#worker.on('exit', (code) => {
      // Nobody could write any more, and nobody could read what comes behind a part of a frame.
      if (wasWriting(hold, threadId)) process.exit(1);
      ending.delete(threadId);
      this.#lost(`exit ${code}`);
    });
  }

  begin(cell: number, order: WorkerOrder): void {
    this.#cell = cell;
    this.#isPrepared = false;
    Atomics.store(this.#flag, 0, 0);
    this.#worker.postMessage(order);
  }

  /** Makes an engine ahead, if it has none: {@link begin} uses it up. */
  prepare(): void {
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    this.order({ op: 'prepare' });
  }

  order(order: WorkerOrder): void {
    this.#worker.postMessage(order);
  }

  stop(): void {
    Atomics.store(this.#flag, 0, 1);
    this.order({ op: 'stop' });
    this.#stopping ??= setTimeout(() => {
      ending.add(this.#id);
      void this.#worker.terminate();
    }, STOP_MS);
  }

  #lost(reason: string): void {
    idle.delete(this);
    const stopped = Atomics.load(this.#flag, 0) === 1;
    this.#end(stopped ? { kind: 'stopped' } : { kind: 'lost', reason }, undefined);
  }

  #end(outcome: CellOutcome, reusable: Thread | undefined): void {
    const cell = this.#cell;
    if (cell === undefined) return;
    clearTimeout(this.#stopping);
    this.#stopping = undefined;
    this.#cell = undefined;
    busy.delete(cell);
    tell({ op: 'over', cell, outcome });
    if (reusable !== undefined) idle.add(reusable);
    prepareOne();
  }
}

const busy = new Map<number, Thread>();
/** One is made ahead, so that the first script need not wait for a thread to start. */
const idle = new Set<Thread>([new Thread()]);
prepareOne();

/** The thread that the next script gets has an engine ready; more of them would only take memory. */
function prepareOne(): void {
  const [next] = idle;
  next?.prepare();
}

function takeThread(cell: number): Thread {
  const [ready] = idle;
  const thread = ready ?? new Thread();
  idle.delete(thread);
  busy.set(cell, thread);
  return thread;
}

function obey({ header, body }: Frame<HostCommand>): void {
  const { op, cell } = header;
  if (op === 'start') {
    takeThread(cell).begin(cell, { op, cell, body: body.toString('utf8') });
  } else if (op === 'restore') {
    // A copy: the frame's memory belongs to the reader.
    const snapshot = new Uint8Array(body);
    takeThread(cell).begin(cell, { op, cell, snapshot, limits: header.limits });
  } else if (op === 'deliver') {
    busy.get(cell)?.order({ op, body: body.toString('utf8') });
  } else if (op === 'stop') {
    busy.get(cell)?.stop();
  } else {
    busy.get(cell)?.order({ op });
  }
}

const reader = new FrameReader<HostCommand>(isHostCommand);
process.stdin.on('data', (chunk: Buffer) => {
  for (const frame of reader.push(chunk)) obey(frame);
});
// The program is gone: so is this process, whatever its scripts are doing.
process.stdin.on('end', () => process.exit(0));
tell({ op: 'ready', protocol: PROTOCOL_VERSION });
