/** One thread of the script host: runs the script of one cell at a time in an engine of its own. */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import type { Engine, EngineListener, EngineState } from './engine.ts';
import { DEFAULT_HEAP_BYTES } from './limits.ts';
import { Outlet, type OutletHold } from './outlet.ts';
import type { CellOutcome, EngineLimits, StartBody } from './protocol.ts';
import { quickJs } from './quickjs-engine.ts';

/** Host → worker. Bodies stay text or bytes until here. */
export type WorkerOrder =
  | { readonly op: 'start'; readonly cell: number; readonly body: string }
  | { readonly op: 'deliver'; readonly body: string }
  | {
      readonly op: 'restore';
      readonly cell: number;
      readonly snapshot: Uint8Array;
      readonly limits: EngineLimits;
    }
  | { readonly op: 'snapshot' }
  /** Makes the engine of the next script while there is none to run. */
  | { readonly op: 'prepare' }
  /** Looks at the flag: a script that waits is not asked by its engine. */
  | { readonly op: 'stop' };

/** Worker → host: how its script ended. All else it tells the program by itself. */
export type WorkerReport = CellOutcome;

export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly hold: OutletHold;
  /** One number: 1 stops the script, whatever it is doing. */
  readonly flag: Int32Array;
}

/** Events of a script that goes on without a pause leave after this long, or as soon as it waits. */
const BATCH_MS = 20;
const BATCH_CHARACTERS = 256 * 1024;

const { module, hold, flag } = workerData as WorkerData;
const outlet = new Outlet(hold, threadId);
const port = parentPort;
if (port === null) throw new Error('This file is the entry of a worker thread.');
const kind = quickJs(module);

let engine: Engine | undefined;
let cell = 0;
/** Of the last script: the next one will mostly have the same limit. */
let heapBytes = DEFAULT_HEAP_BYTES;
const timers = new Map<number, NodeJS.Timeout>();
let batch: string[] = [];
let batchCharacters = 0;
let batchSince = 0;

const listener: EngineListener = {
  send(json) {
    if (batch.length === 0) batchSince = performance.now();
    batch.push(json);
    batchCharacters += json.length;
    if (batchCharacters > BATCH_CHARACTERS) flush();
    return true;
  },
  timer(id, ms) {
    timers.set(
      id,
      setTimeout(() => {
        timers.delete(id);
        if (engine !== undefined) settle(engine.fire(id));
      }, ms),
    );
  },
  clear(id) {
    clearTimeout(timers.get(id));
    timers.delete(id);
  },
  isStopped() {
    if (batch.length > 0 && performance.now() - batchSince > BATCH_MS) flush();
    return Atomics.load(flag, 0) !== 0;
  },
};

function flush(): void {
  if (batch.length === 0) return;
  outlet.write({ op: 'events', cell }, `[${batch.join(',')}]`);
  batch = [];
  batchCharacters = 0;
}

function settle(state: EngineState): void {
  flush();
  if (state.kind === 'waiting') return;
  end(state);
}

function end(outcome: CellOutcome): void {
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  engine?.dispose();
  engine = undefined;
  port?.postMessage(outcome satisfies WorkerReport);
}

async function obey(order: WorkerOrder): Promise<void> {
  if (order.op === 'start') {
    const { source, ...setup } = JSON.parse(order.body) as StartBody;
    cell = order.cell;
    heapBytes = setup.limits.heapBytes;
    engine = await kind.create(setup, listener);
    settle(engine.run(source));
  } else if (order.op === 'restore') {
    cell = order.cell;
    engine = await kind.restore(order.snapshot, order.limits, listener);
    settle(engine.deliver('[{"t":"resume"}]'));
  } else if (order.op === 'prepare') {
    await kind.prepare(heapBytes);
  } else if (engine === undefined) {
    // It ended while the order was on its way; the program has been told.
  } else if (order.op === 'deliver') {
    settle(engine.deliver(order.body));
  } else if (order.op === 'stop') {
    end({ kind: 'stopped' });
  } else {
    outlet.write({ op: 'snapshot', cell }, engine.snapshot());
  }
}

// One after the other: an engine that is being made must not miss what comes meanwhile.
let before: Promise<void> = Promise.resolve();
port.on('message', (order: WorkerOrder) => {
  before = before
    .then(() => obey(order))
    .catch((error: unknown) => {
      // An engine whose own code failed: the worker ends, and the host says that the cell is lost.
      queueMicrotask(() => {
        throw error;
      });
    });
});
